internal import Hashing
internal import Synchronization

/// Computes the SHA-256 of a partial file from its beginning, as far as bytes are held without a gap.
///
/// Bytes that continue the prefix are hashed from memory when they are written or checked; the rest is read back from the file
/// once the prefix reaches it. Nothing else reads a partial file back for hashing.
///
/// It has a lock of its own, taken before the lock of ``SharedPartialState``. A writer that finds it taken moves on: whatever
/// holds it will reach those bytes later.
final class PrefixHasher: Sendable {
    /// How many bytes are read back at a time.
    static let step = 1 << 20
    /// How far the prefix may be behind for a writer to catch up by itself.
    private static let shortLag: Int64 = 4 << 20

    private let file: OpenFile
    private let heldEnd: @Sendable (_ offset: Int64, _ limit: Int64) -> Int64
    private let prefix = Mutex(Prefix())

    /// - Parameter heldEnd: where the held bytes that begin at an offset end (the offset itself if that byte is not held), with
    ///   a limit beyond which the answer does not matter. Called with the hasher's lock held.
    init(of file: OpenFile, heldEnd: @escaping @Sendable (_ offset: Int64, _ limit: Int64) -> Int64) {
        self.file = file
        self.heldEnd = heldEnd
    }

    /// The number of bytes hashed so far.
    var position: Int64 { prefix.withLock { $0.position } }

    /// Reads back and hashes up to ``step`` held bytes that continue the prefix.
    ///
    /// - Returns: whether there were any.
    func catchUp() throws(StorageError) -> Bool {
        try prefix.withLock { (prefix) throws(StorageError) in try advance(&prefix, limit: .max) }
    }

    /// Hashes bytes that were just written, if they continue the prefix and the hasher is free; a short gap between the two is
    /// read back first.
    func offer(_ bytes: LentBytes, at range: Range<Int64>) throws(StorageError) {
        try prefix.withLockIfAvailable { (prefix) throws(StorageError) in
            let lag = range.lowerBound - prefix.position
            if lag > 0, lag <= Self.shortLag {
                while prefix.position < range.lowerBound, try advance(&prefix, limit: range.lowerBound) {}
            }
            feed(&prefix, bytes, at: range)
        }
    }

    /// Hashes bytes that were just read back, if they continue the prefix.
    func feed(_ bytes: LentBytes, at range: Range<Int64>) {
        prefix.withLock { feed(&$0, bytes, at: range) }
    }

    /// The digest of everything hashed so far; the next prefix begins at 0.
    func finish() -> SHA256Digest { prefix.withLock { $0.finish() } }

    /// Runs a change after which bytes of a range are no longer held, and starts over if any of them were hashed.
    ///
    /// The lock is held throughout: no byte may be hashed between the change and the decision to start over.
    func discard(
        _ range: Range<Int64>, _ change: () throws(StorageError) -> Void
    ) throws(StorageError) {
        try prefix.withLock { (prefix) throws(StorageError) in
            try change()
            if range.lowerBound < prefix.position { prefix.reset() }
        }
    }

    private func advance(_ prefix: inout Prefix, limit: Int64) throws(StorageError) -> Bool {
        let limit = min(limit, prefix.position + Int64(Self.step))
        let end = min(heldEnd(prefix.position, limit), limit)
        guard end > prefix.position else { return false }
        try prefix.read(to: end, from: file)
        return true
    }

    /// Bytes that were discarded since they were written or checked are not hashed.
    private func feed(_ prefix: inout Prefix, _ bytes: LentBytes, at range: Range<Int64>) {
        guard prefix.position == range.lowerBound,
            heldEnd(range.lowerBound, range.upperBound) >= range.upperBound
        else { return }
        prefix.add(bytes.bytes)
    }
}

/// How far a file is hashed, and the hash so far.
private struct Prefix: ~Copyable {
    private(set) var position: Int64 = 0
    private var hasher = SHA256Hasher()
    private var buffer: UnsafeMutableRawBufferPointer?

    init() {}

    deinit { buffer?.deallocate() }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        hasher.update(bytes)
        position += Int64(bytes.count)
    }

    /// Reads back and hashes up to ``PrefixHasher/step`` bytes of [position, end).
    mutating func read(to end: Int64, from file: OpenFile) throws(StorageError) {
        let buffer = buffer ?? .allocate(byteCount: PrefixHasher.step, alignment: 4096)
        self.buffer = buffer
        let wanted = Int(min(Int64(PrefixHasher.step), end - position))
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
        guard try file.read(into: part, at: position) == wanted else {
            throw StorageError(
                .modifiedExternally, path: file.path,
                reason: "the file was truncated by another program: it ends before byte \(position + Int64(wanted))")
        }
        add(UnsafeRawBufferPointer(part))
    }

    mutating func reset() {
        position = 0
        hasher = SHA256Hasher()
    }

    mutating func finish() -> SHA256Digest {
        var finished = SHA256Hasher()
        swap(&finished, &hasher)
        position = 0
        return finished.finalize()
    }
}
