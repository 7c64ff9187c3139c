#!/usr/bin/env python3
"""Writes the golden journals beside this file, from docs/formats.md alone.

An implementation independent of the program's: where the two disagree, one of them or the document is wrong.
Needs the package `cryptography`.
"""

import hashlib
import pathlib
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HERE = pathlib.Path(__file__).parent
BLOCK, RECORD = 1, 2


def checksum(key, domain, offset, data):
    """GMAC: the tag of AES-128-GCM over no plaintext."""
    return AESGCM(key).encrypt(struct.pack("<IQ", domain, offset), b"", data)


def content(start, end):
    """The file that the journals are about: 1,000,000 bytes of a pattern."""
    return bytes((i * 31 + (i >> 8) * 7) & 255 for i in range(start, end))


class Journal:
    def __init__(self, key, path, size, sha256):
        path = path.encode()
        header = b"MFJRNL1\n" + key + struct.pack("<QB", size, sha256 is not None) + (sha256 or bytes(32))
        header += struct.pack("<H", len(path)) + path
        self.key = key
        self.bytes = header + checksum(key, RECORD, 0, header)

    def record(self, kind, payload):
        body = struct.pack("<BBH", kind, 0, len(payload)) + payload
        self.bytes += body + checksum(self.key, RECORD, len(self.bytes), body)

    def source(self, number, url, validator, place=None, one_answer=False):
        digests = [hashlib.sha256(text.encode()).digest() for text in (url, url if place is None else place)]
        self.record(7, struct.pack("<HB", number, one_answer) + digests[0] + digests[1] + validator.encode())

    def source_without_url(self, number, origin, validator):
        """As it was written by earlier versions of the program."""
        origin, validator = origin.encode(), validator.encode()
        self.record(1, struct.pack("<HH", number, len(origin)) + origin + struct.pack("<H", len(validator)) + validator)

    def extent(self, start, end, source):
        self.record(2, struct.pack("<QQH", start, end, source) + checksum(self.key, BLOCK, start, content(start, end)))

    def range(self, kind, start, end):
        self.record(kind, struct.pack("<QQ", start, end))

    def write(self, name):
        (HERE / name).write_bytes(self.bytes)


def main():
    sha256 = hashlib.sha256(content(0, 1_000_000)).digest()

    every = Journal(bytes(range(16)), "deep/weights.bin", 1_000_000, sha256)
    every.source(1, "https://example.org/", 'etag:"abc"')
    every.extent(0, 262_144, 1)
    every.extent(262_144, 300_000, 1)
    every.source(2, "https://mirror.example/?größe", "", place="https://cdn.example/", one_answer=True)
    every.range(6, 400_000, 500_000)
    every.extent(400_000, 410_000, 0)
    every.range(3, 262_144, 300_000)
    every.extent(999_999, 1_000_000, 2)
    every.record(5, hashlib.sha256(b"wrong").digest())
    every.write("every-record.journal")

    unknown = Journal(bytes([255] * 16), "w", 1_000_000, None)
    unknown.record(200, b"from the future")
    unknown.source(65_535, "", "date:Thu, 01 Jan 1970 00:00:00 GMT")
    unknown.record(7, b"")
    unknown.extent(500_000, 500_001, 65_535)
    unknown.range(4, 0, 1_000_000)
    unknown.source_without_url(3, "https://example.org/", 'etag:"abc"')
    unknown.extent(600_000, 600_001, 3)
    unknown.write("unknown-records.journal")


if __name__ == "__main__":
    main()
