internal import Threads

/// The buffers that bodies are received into: 16 MiB in all, allocated when first needed and then reused. All loops of
/// a transport share them.
///
/// The bound keeps the memory of the whole program flat. Reuse matters because fresh memory costs a page fault every 4
/// KiB, which doubled the system time of a fast download.
///
/// **Fairness.** Twelve buffers of 1 MiB are handed out first come, first served. Sixteen of 256 KiB are reserved for
/// transfers that hold no buffer while all large ones are taken, so that up to 16 transfers can always progress.
/// Without the reserve, consumers that hold large buffers could wait for the bytes of a transfer that cannot get one.
final class BufferPool: Sendable {
    /// The ID of the transfer that holds a buffer.
    typealias Owner = UInt64

    /// The most buffers of each size, and their sizes.
    struct Sizes {
        var large = (count: 12, bytes: 1 << 20)
        var small = (count: 16, bytes: 256 << 10)
    }

    private struct Shelf {
        let limit: Int
        let bytes: Int
        var made = 0
        var free: [Buffer] = []

        var available: Int { free.count + limit - made }

        mutating func take() -> Buffer? {
            if let buffer = free.popLast() { return buffer }
            guard made < limit else { return nil }
            made += 1
            return Buffer(memory: .allocate(byteCount: bytes, alignment: 4096))
        }
    }

    private struct State {
        var large: Shelf
        var small: Shelf
        /// The active transfers.
        var holdings: [Owner: Holding] = [:]
        /// Transfers that hold no buffer and were refused one, which takes more transfers than small buffers. They are
        /// served first.
        var starving: Set<Owner> = []
        /// Transfers that were refused a buffer since a buffer was last returned.
        var refused: Set<Owner> = []

        /// Returns what to call when a buffer has become available.
        mutating func takeRefusals() -> [@Sendable () -> Void] {
            guard !refused.isEmpty else { return [] }
            defer { refused = [] }
            return refused.compactMap { holdings[$0]?.wake }
        }
    }

    private struct Holding {
        /// How many buffers the transfer holds: being filled, queued, or in use by its consumer.
        var count = 0
        let wake: @Sendable () -> Void
    }

    private struct Buffer: @unchecked Sendable {
        // It has one owner at a time: a shelf, a transfer, or a chunk.
        let memory: UnsafeMutableRawBufferPointer
    }

    private let state: Lock<State>

    init(_ sizes: Sizes = Sizes()) {
        state = Lock(
            State(
                large: Shelf(limit: sizes.large.count, bytes: sizes.large.bytes),
                small: Shelf(limit: sizes.small.count, bytes: sizes.small.bytes)))
    }

    deinit {
        state.withLock { state in
            for buffer in state.large.free + state.small.free { buffer.memory.deallocate() }
        }
    }

    /// Registers a transfer.
    ///
    /// - Parameter wake: called, from any thread, when a buffer is returned after the transfer was refused one.
    func join(_ owner: Owner, wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.holdings[owner] = Holding(wake: wake) }
    }

    /// The transfer needs no more buffers. Those that it holds may be returned later.
    func leave(_ owner: Owner) {
        let wakes = state.withLock { state in
            state.holdings[owner] = nil
            state.starving.remove(owner)
            return state.takeRefusals()
        }
        for wake in wakes { wake() }
    }

    /// Returns a buffer, or `nil`; the transfer's `wake` is called when it makes sense to ask again.
    func take(for owner: Owner) -> UnsafeMutableRawBufferPointer? {
        let buffer: Buffer? = state.withLock { state in
            let mine = state.holdings[owner]?.count ?? 0
            let buffer =
                if mine == 0 {
                    state.large.take() ?? state.small.take()
                } else {
                    state.large.available > state.starving.count ? state.large.take() : nil
                }
            guard let buffer else {
                if mine == 0 { state.starving.insert(owner) }
                state.refused.insert(owner)
                return nil
            }
            state.holdings[owner]?.count = mine + 1
            state.starving.remove(owner)
            return buffer
        }
        return buffer?.memory
    }

    /// Takes a buffer back, from any thread.
    func giveBack(_ memory: UnsafeMutableRawBufferPointer, from owner: Owner) {
        let buffer = Buffer(memory: memory)
        let wakes = state.withLock { state in
            if memory.count == state.large.bytes {
                state.large.free.append(buffer)
            } else {
                state.small.free.append(buffer)
            }
            state.holdings[owner]?.count -= 1
            return state.takeRefusals()
        }
        for wake in wakes { wake() }
    }

    /// The bytes allocated and the number of buffers in use, for tests.
    var usage: (bytes: Int, inUse: Int) {
        state.withLock { state in
            let shelves = [state.large, state.small]
            return (
                shelves.reduce(0) { $0 + $1.made * $1.bytes }, shelves.reduce(0) { $0 + $1.made - $1.free.count }
            )
        }
    }
}
