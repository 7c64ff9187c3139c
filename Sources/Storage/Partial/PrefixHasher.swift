internal import Hashing

/// The SHA-256 of a file along its contiguous front: how far the file is hashed, and the hash so far.
struct PrefixHasher: ~Copyable {
    /// How much is read back at a time, in bytes.
    static let step = 1 << 20

    private(set) var position: Int64 = 0
    private var hasher = SHA256Hasher()
    private var buffer: UnsafeMutableRawBufferPointer?

    init() {}

    deinit { buffer?.deallocate() }

    /// Hashes bytes that stand at the front already, straight from memory; does nothing for any others.
    mutating func feed(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        guard offset == position else { return }
        hasher.update(bytes)
        position += Int64(bytes.count)
    }

    /// Reads back and hashes up to ``step`` bytes of [position, end).
    mutating func advance(to end: Int64, in file: OpenFile) throws(StorageError) {
        let buffer = buffer ?? .allocate(byteCount: Self.step, alignment: 4096)
        self.buffer = buffer
        let wanted = Int(min(Int64(Self.step), end - position))
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
        guard try file.read(into: part, at: position) == wanted else {
            throw StorageError(
                .disturbed, path: file.path,
                reason: "the file ends before byte \(position + Int64(wanted)), which was there a moment ago")
        }
        feed(UnsafeRawBufferPointer(part), at: position)
    }

    /// Back to the beginning.
    mutating func reset() {
        position = 0
        hasher = SHA256Hasher()
    }

    /// The digest of [0, position); back to the beginning.
    mutating func finalize() -> SHA256Digest {
        var finished = SHA256Hasher()
        swap(&finished, &hasher)
        position = 0
        return finished.finalize()
    }
}
