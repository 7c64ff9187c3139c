internal import Glibc

/// How far a file is the same as the right one, byte for byte.
package struct Likeness: Hashable, Sendable {
    /// The bytes that are compared as one.
    package static let blockBytes = 64 << 10
    /// A copy may be called damaged when at most one in so many blocks is wrong.
    package static let tolerance = 10

    /// The blocks of the longer of the two.
    package private(set) var blocks = 0
    /// Those that are not the same in both; what only one of them has is not.
    package private(set) var differing = 0
    /// Whether every byte that both have is the same.
    private var isFront = true
    /// Whether what the file has beyond the right one's end is nothing but zeros, as what was reserved and never written.
    private var isPadded = true

    package init() {}

    /// Takes up one block of the file and of the right one; empty where one of them has none any more.
    package mutating func compare(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) {
        blocks += 1
        if one[min(one.count, other.count)...].contains(where: { $0 != 0 }) { isPadded = false }
        let common = min(one.count, other.count)
        var isSame = true
        if common > 0, let one = one.baseAddress, let other = other.baseAddress {
            isSame = memcmp(one, other, common) == 0
        }
        if !isSame || one.count != other.count { differing += 1 }
        if !isSame { isFront = false }
    }

    /// Whether a file that differs in so many of some blocks is probably a damaged copy, and not a file of its own.
    package static func isDamage(differing: Int, of blocks: Int) -> Bool { differing * tolerance <= blocks }

    /// Whether the file holds nothing of its own: it is the right one, cut off or with zeros at its end. Whatever else was
    /// appended may be somebody's.
    package var isStump: Bool { isFront && isPadded }

    /// Whether the file is probably a damaged copy of the right one.
    package var isDamage: Bool { isStump || Self.isDamage(differing: differing, of: blocks) }
}

extension StoredFile {
    /// Compares the whole file with one that is verified.
    ///
    /// - Parameter progress: called for each block; it may throw to end the reading.
    package func likeness(
        to verified: VerifiedFile, progress: () throws(CancellationError) -> Void = {}
    ) throws(StoredFileError) -> Likeness {
        do {
            return try likeness(to: verified.file, size: verified.identity.size, progress)
        } catch let error as StorageError {
            throw .storage(error)
        } catch {
            throw .cancelled
        }
    }

    private func likeness(
        to other: OpenFile, size: Int64, _ progress: () throws(CancellationError) -> Void
    ) throws -> Likeness {
        var likeness = Likeness()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * Likeness.blockBytes, alignment: 4096)
        defer { buffer.deallocate() }
        let (mine, theirs) = (
            UnsafeMutableRawBufferPointer(rebasing: buffer[..<Likeness.blockBytes]),
            UnsafeMutableRawBufferPointer(rebasing: buffer[Likeness.blockBytes...])
        )
        var offset: Int64 = 0
        while offset < max(status.size, size) {
            let counts = (try read(into: mine, at: offset), try other.read(into: theirs, at: offset))
            likeness.compare(
                UnsafeRawBufferPointer(rebasing: mine[..<counts.0]),
                UnsafeRawBufferPointer(rebasing: theirs[..<counts.1]))
            offset += Int64(Likeness.blockBytes)
            try progress()
        }
        return likeness
    }
}
