internal import Hashing
internal import Synchronization
internal import Threads

/// Computes the SHA-256 of a partial file from its beginning, as far as bytes are held without a gap.
///
/// Bytes that continue the prefix are hashed from memory: large pieces wait in a ``HashQueue`` for the task that keeps hashing, small ones are
/// hashed at once if the hasher is free. The rest is read back from the file by ``keepHashing()``, or by ``catchUp()`` at the end. Nothing
/// else reads a partial file back for hashing.
///
/// Its lock is the first in the order of locks (see ``PartialFile``). A writer that finds it taken moves on. No bytes are forgotten
/// then: whoever made bytes held or had the lock looks afterwards, without the lock, whether the byte at ``position`` is held, and
/// if so wakes the task that keeps hashing. The last one to do so sees the bytes and the position of all others.
package final class PrefixHasher: Sendable {
    /// How many bytes are read back at a time.
    static let step = 1 << 20
    /// How many steps are taken before other tasks get the thread.
    private static let stepsPerTurn = 8

    /// Shorter pieces are hashed by whoever wrote them: to wake another task would take longer.
    package static let leastQueued = 128 << 10

    private let file: OpenFile
    private let size: Int64
    private let leastQueued: Int
    private let heldEnd: @Sendable (_ offset: Int64, _ limit: Int64) -> Int64
    private let prefix = Lock(Prefix())
    /// A copy of the prefix's position, for readers without the lock.
    private let published = Atomic<Int64>(0)
    private let wakeUp = WakeUp()
    /// Its lock comes after that of the prefix.
    private let queue = Lock(HashQueue())
    /// Whether a task keeps hashing.
    private let isKept = Atomic(false)

    /// - Parameters:
    ///   - leastQueued: how many bytes are worth being handed to the task that keeps hashing.
    ///   - heldEnd: where the held bytes that begin at an offset end (the offset itself if that byte is not held), with a limit
    ///     beyond which the answer does not matter. Called with the hasher's locks held.
    init(
        of file: OpenFile, size: Int64, leastQueued: Int = leastQueued,
        heldEnd: @escaping @Sendable (_ offset: Int64, _ limit: Int64) -> Int64
    ) {
        self.file = file
        self.size = size
        self.leastQueued = leastQueued
        self.heldEnd = heldEnd
    }

    /// The number of bytes hashed so far.
    var position: Int64 { published.load(ordering: .acquiring) }

    /// Hashes what is queued, and reads back what nobody hashes from memory, as soon as it is held, until the whole file is hashed.
    func keepHashing() async throws {
        isKept.store(true, ordering: .relaxed)
        defer {
            isKept.store(false, ordering: .relaxed)
            queue.withLock { $0.removeAll() }
        }
        var steps = 0
        while position < size {
            try Task.checkCancellation()
            guard try catchUpIfFree() else {
                steps = 0
                await wakeUp.wait()
                continue
            }
            steps += 1
            if steps % Self.stepsPerTurn == 0 { await Task.yield() }
        }
    }

    /// Hashes what is queued, or reads back and hashes up to ``step`` held bytes that continue the prefix.
    ///
    /// - Returns: whether there were any.
    func catchUp() throws(StorageError) -> Bool {
        defer { wakeIfBehind() }
        return try prefix.withLock { (prefix) throws(StorageError) in try advance(&prefix) }
    }

    /// The same, unless the hasher is in use: whoever uses it wakes the task that keeps hashing.
    private func catchUpIfFree() throws(StorageError) -> Bool {
        try prefix.withLockIfAvailable { (prefix) throws(StorageError) in try advance(&prefix) } ?? false
    }

    /// Queues or hashes bytes that were just written or read back, if they continue the prefix and the hasher is free.
    ///
    /// Called after bytes became held, whether they are hashed here or not: it wakes the task that keeps hashing if need be. Until it
    /// returns, no other bytes may become held there.
    ///
    /// - Parameter owner: keeps the bytes in memory; without it they are not queued.
    func offer(_ bytes: LentBytes, at range: Range<Int64>, owner: (any AnyObject & Sendable)? = nil) {
        defer { wakeIfBehind() }
        if let owner, range.count >= leastQueued, isKept.load(ordering: .relaxed),
            enqueue(.init(range: range, bytes: bytes, owner: owner))
        {
            return
        }
        prefix.withLockIfAvailable { prefix in
            // Bytes that were discarded since they became held are not hashed.
            guard prefix.position == range.lowerBound,
                heldEnd(range.lowerBound, range.upperBound) >= range.upperBound
            else { return }
            prefix.add(bytes.bytes)
            publish(prefix)
        }
    }

    /// Looking whether they are held and queueing them is one step: whoever discards them either comes before, or finds them queued.
    private func enqueue(_ item: HashQueue.Item) -> Bool {
        queue.withLock { queue in
            item.range.lowerBound == max(position, queue.end)
                && heldEnd(item.range.lowerBound, item.range.upperBound) >= item.range.upperBound && queue.append(item)
        }
    }

    /// The digest of everything hashed so far; the next prefix begins at 0.
    func finish() -> SHA256Digest {
        defer { wakeIfBehind() }
        return prefix.withLock { prefix in
            defer { publish(prefix) }
            queue.withLock { $0.removeAll() }
            return prefix.finish()
        }
    }

    /// Runs a change after which bytes of a range are no longer held, and starts over if any of them were hashed.
    ///
    /// The lock is held throughout: no byte may be hashed between the change and the decision to start over.
    func discard(
        _ range: Range<Int64>, _ change: () throws(StorageError) -> Void
    ) throws(StorageError) {
        defer { wakeIfBehind() }
        try prefix.withLock { (prefix) throws(StorageError) in
            try change()
            queue.withLock { $0.removeAll() }
            if range.lowerBound < prefix.position { prefix.reset() }
            publish(prefix)
        }
    }

    private func advance(_ prefix: inout Prefix) throws(StorageError) -> Bool {
        let (item, queued) = queue.withLock { queue in (queue.next(at: prefix.position), queue.start) }
        if let item {
            prefix.add(item.bytes.bytes)
            publish(prefix)
            withExtendedLifetime(item.owner) {}
            return true
        }
        let limit = min(prefix.position + Int64(Self.step), queued ?? .max)
        let end = min(heldEnd(prefix.position, limit), limit)
        guard end > prefix.position else { return false }
        try prefix.read(to: end, from: file)
        publish(prefix)
        return true
    }

    private func publish(_ prefix: borrowing Prefix) { published.store(prefix.position, ordering: .releasing) }

    /// Wakes the task that keeps hashing if there is something for it to do: bytes that continue the prefix, or its end.
    private func wakeIfBehind() {
        let position = position
        if position >= size || heldEnd(position, position + 1) > position { wakeUp.signal() }
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
