internal import Synchronization

/// The memory of all bodies: at most `capacity` buffers of 1 MiB, made when first needed and used again.
///
/// Fresh memory costs a page fault every 4 KiB, which doubled the system time of a fast download; and a bound here is what
/// keeps the whole program's memory flat.
///
/// **Fairness.** A transfer that holds no buffer always comes first: one that holds some gets another only if enough stay
/// free for all active transfers that hold none. So up to `capacity` transfers can each hold one, and none waits for
/// a consumer that itself waits for another transfer's bytes.
final class BufferPool: Sendable {
    static let bufferSize = 1 << 20

    /// Whose buffer it is: the number of a transfer.
    typealias Owner = UInt64

    private struct State: ~Copyable {
        var free: [Buffer] = []
        var allocated = 0
        /// Buffers each active transfer holds: gathering, queued or in its consumer's hands.
        var held: [Owner: Int] = [:]
        var somebodyWaits = false

        mutating func takeWaiting() -> Bool {
            defer { somebodyWaits = false }
            return somebodyWaits
        }
    }

    private struct Buffer: @unchecked Sendable {
        // One owner at a time: the pool's list, one transfer, or one chunk.
        let memory: UnsafeMutableRawBufferPointer
    }

    private let capacity: Int
    private let state: Mutex<State>
    private let wake: @Sendable () -> Void

    /// - Parameter wake: called, from any thread, when a buffer came back that somebody was refused.
    init(capacity: Int = 16, wake: @escaping @Sendable () -> Void) {
        self.capacity = capacity
        self.wake = wake
        state = Mutex(State())
    }

    deinit {
        state.withLock { state in
            for buffer in state.free { buffer.memory.deallocate() }
        }
    }

    /// Counts a transfer among those that must be able to get a buffer.
    func join(_ owner: Owner) { state.withLock { $0.held[owner] = 0 } }

    /// The transfer needs no more buffers. What it holds comes back in its own time.
    func leave(_ owner: Owner) {
        let wakes = state.withLock { state in
            state.held[owner] = nil
            return state.takeWaiting()
        }
        if wakes { wake() }
    }

    /// A buffer, or `nil`: then `wake` will be called when it makes sense to ask again.
    func take(for owner: Owner) -> UnsafeMutableRawBufferPointer? {
        let buffer: Buffer? = state.withLock { state in
            let available = state.free.count + capacity - state.allocated
            let mine = state.held[owner] ?? 0
            let reserved = mine == 0 ? 0 : state.held.values.count { $0 == 0 }
            guard available > reserved else {
                state.somebodyWaits = true
                return nil
            }
            state.held[owner] = mine + 1
            if let buffer = state.free.popLast() { return buffer }
            state.allocated += 1
            return Buffer(memory: .allocate(byteCount: Self.bufferSize, alignment: 4096))
        }
        return buffer?.memory
    }

    /// Takes a buffer back, from any thread.
    func giveBack(_ memory: UnsafeMutableRawBufferPointer, from owner: Owner) {
        let buffer = Buffer(memory: memory)
        let wakes = state.withLock { state in
            state.free.append(buffer)
            if let held = state.held[owner] { state.held[owner] = held - 1 }
            return state.takeWaiting()
        }
        if wakes { wake() }
    }

    /// How many buffers exist and how many are in use, for tests.
    var usage: (allocated: Int, inUse: Int) { state.withLock { ($0.allocated, $0.allocated - $0.free.count) } }
}
