"""Reads modelfetch's extent journals (docs/formats.md), checksums left aside. Used by powercuts.py."""
import struct


def claims(journal):
    """The extents that a journal claims, as pairs of offsets."""
    if len(journal) < 67 or journal[:8] != b"MFJRNL1\n":
        return []
    at, extents = 67 + struct.unpack_from("<H", journal, 65)[0] + 16, []
    while at + 4 <= len(journal):
        kind, zero, length = struct.unpack_from("<BBH", journal, at)
        if kind == 0 or zero or at + 4 + length + 16 > len(journal):
            break  # a torn tail
        if kind in (2, 3):  # an extent, or a void: what it touches is no claim any more
            start, end = struct.unpack_from("<QQ", journal, at + 4)
            extents = [e for e in extents if e[1] <= start or end <= e[0]] + ([(start, end)] if kind == 2 else [])
        at += 4 + length + 16
    return extents
