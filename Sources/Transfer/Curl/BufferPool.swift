internal import Synchronization

/// The memory of all bodies: 16 MiB in all, made when first needed and used again.
///
/// Fresh memory costs a page fault every 4 KiB, which doubled the system time of a fast download; and a bound here is what
/// keeps the whole program's memory flat.
///
/// **Fairness.** Most of it are buffers of 1 MiB for whoever comes. The rest are small ones, and only for a transfer that
/// holds nothing when no large one is free: so that up to 16 transfers always get on, even those that came last while
/// all others' consumers sit on what they have (they may wait for the very bytes of the last one).
final class BufferPool: Sendable {
    /// Whose buffer it is: the number of a transfer.
    typealias Owner = UInt64

    /// How many buffers of which size there may be.
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
        /// Buffers each active transfer holds: gathering, queued or in its consumer's hands.
        var held: [Owner: Int] = [:]
        /// Who holds none and was refused: only with more transfers than small buffers. They come first.
        var starving: Set<Owner> = []
        var somebodyWaits = false

        mutating func takeWaiting() -> Bool {
            defer { somebodyWaits = false }
            return somebodyWaits
        }
    }

    private struct Buffer: @unchecked Sendable {
        // One owner at a time: a shelf, one transfer, or one chunk.
        let memory: UnsafeMutableRawBufferPointer
    }

    private let state: Mutex<State>
    private let wake: @Sendable () -> Void

    /// - Parameter wake: called, from any thread, when a buffer came back that somebody was refused.
    init(_ sizes: Sizes = Sizes(), wake: @escaping @Sendable () -> Void) {
        self.wake = wake
        state = Mutex(
            State(
                large: Shelf(limit: sizes.large.count, bytes: sizes.large.bytes),
                small: Shelf(limit: sizes.small.count, bytes: sizes.small.bytes)))
    }

    deinit {
        state.withLock { state in
            for buffer in state.large.free + state.small.free { buffer.memory.deallocate() }
        }
    }

    /// Counts a transfer among those that must be able to get a buffer.
    func join(_ owner: Owner) { state.withLock { $0.held[owner] = 0 } }

    /// The transfer needs no more buffers. What it holds comes back in its own time.
    func leave(_ owner: Owner) {
        let wakes = state.withLock { state in
            state.held[owner] = nil
            state.starving.remove(owner)
            return state.takeWaiting()
        }
        if wakes { wake() }
    }

    /// A buffer, or `nil`: then `wake` will be called when it makes sense to ask again.
    func take(for owner: Owner) -> UnsafeMutableRawBufferPointer? {
        let buffer: Buffer? = state.withLock { state in
            let mine = state.held[owner] ?? 0
            let buffer =
                if mine == 0 {
                    state.large.take() ?? state.small.take()
                } else {
                    state.large.available > state.starving.count ? state.large.take() : nil
                }
            guard let buffer else {
                if mine == 0 { state.starving.insert(owner) }
                state.somebodyWaits = true
                return nil
            }
            state.held[owner] = mine + 1
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
            if let held = state.held[owner] { state.held[owner] = held - 1 }
            return state.takeWaiting()
        }
        if wakes { wake() }
    }

    /// Bytes that exist and buffers that are in use, for tests.
    var usage: (bytes: Int, inUse: Int) {
        state.withLock { state in
            let shelves = [state.large, state.small]
            return (
                shelves.reduce(0) { $0 + $1.made * $1.bytes }, shelves.reduce(0) { $0 + $1.made - $1.free.count }
            )
        }
    }
}
