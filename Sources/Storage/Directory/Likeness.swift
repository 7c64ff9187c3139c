internal import Glibc

/// How similar a file is to the right one, compared block by block.
package struct Likeness: Hashable, Sendable {
    /// The size of a block, in bytes.
    package static let blockBytes = 64 << 10
    /// A file counts as a damaged copy if at most one in this many blocks is wrong.
    package static let tolerance = 10

    /// The number of blocks of the longer file.
    package private(set) var blocks = 0
    /// The number of blocks that differ. A block that only one file has differs.
    package private(set) var differing = 0
    /// Whether all bytes that both files have are equal.
    private var isPrefix = true
    /// Whether the file has only zeros beyond the end of the right one, like space that was reserved and never written.
    private var isPadded = true

    package init() {}

    /// Compares one block of the file with the same block of the right one; empty if a file has already ended.
    package mutating func compare(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) {
        blocks += 1
        if one[min(one.count, other.count)...].contains(where: { $0 != 0 }) { isPadded = false }
        let common = min(one.count, other.count)
        var isSame = true
        if common > 0, let one = one.baseAddress, let other = other.baseAddress {
            isSame = memcmp(one, other, common) == 0
        }
        if !isSame || one.count != other.count { differing += 1 }
        if !isSame { isPrefix = false }
    }

    /// Whether a file with this many differing blocks is probably a damaged copy, and not a different file.
    package static func isDamage(differing: Int, of blocks: Int) -> Bool { differing * tolerance <= blocks }

    /// Whether the file has no content of its own: it is the right one, truncated or followed by zeros. Anything else that was
    /// appended may be the user's.
    package var isStump: Bool { isPrefix && isPadded }

    /// Whether the file is probably a damaged copy of the right one.
    package var isDamage: Bool { isStump || Self.isDamage(differing: differing, of: blocks) }
}
