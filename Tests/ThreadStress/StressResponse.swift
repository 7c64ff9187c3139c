import SeededRandom
import Synchronization
import Transfer

/// A response of ``StressNetwork``.
final class StressResponse: TransportResponse {
    /// What becomes of a body.
    struct Course: Sendable {
        enum Ending { case complete, lost, short, silence }

        var seed: UInt64 = 0
        /// How many bytes come before the end.
        var end = 0
        var ending = Ending.complete
        /// How long each piece takes at most, in milliseconds.
        var pace = 0
    }

    private struct State {
        var random: SplitMix64
        var sent = 0
        var isCancelled = false
        var isHalted = false
        /// Whether it was silent for longer than a transport tolerates.
        var hasStalled = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    let head: ResponseHead
    private let bytes: [UInt8]
    private let range: Range<Int>
    private let course: Course
    private let isWrong: Bool
    private let clock: FastClock
    /// Gets whether the body was ended before its end.
    private let ended: @Sendable (Bool) -> Void
    private let state: Mutex<State>

    init(
        _ head: ResponseHead, _ bytes: [UInt8], _ range: Range<Int>, _ course: Course, isWrong: Bool, clock: FastClock,
        ended: @escaping @Sendable (Bool) -> Void
    ) {
        self.head = head
        self.bytes = bytes
        self.range = range
        self.course = course
        self.isWrong = isWrong
        self.clock = clock
        self.ended = ended
        state = Mutex(State(random: SplitMix64(seed: course.seed)))
    }

    deinit { ended(true) }

    func next() async throws(TransferError) -> Chunk? {
        let pause = state.withLock { $0.random.below(course.pace + 1) }
        if pause > 0 { try? await clock.sleep(for: .milliseconds(pause)) }
        while true {
            guard !Task.isCancelled else { throw fail(.cancelled) }
            let (piece, isCancelled, hasStalled) = state.withLock { state in
                let count = min(course.end - state.sent, 1 + state.random.below(32_768))
                defer { state.sent += count }
                return (state.sent..<state.sent + count, state.isCancelled || state.isHalted, state.hasStalled)
            }
            if isCancelled { throw fail(.cancelled) }
            if hasStalled { throw fail(.stalled) }
            if !piece.isEmpty {
                var chunk = Array(bytes[range.lowerBound + piece.lowerBound..<range.lowerBound + piece.upperBound])
                if isWrong { chunk[chunk.count / 2] ^= 1 }
                return Chunk(copying: chunk)
            }
            switch course.ending {
            case .lost: throw fail(.connectionLost)
            case .short: throw fail(.short)
            case .silence: await waitSilently()
            case .complete:
                ended(false)
                return nil
            }
        }
    }

    private func fail(_ code: TransferError.Code) -> TransferError {
        ended(code == .cancelled)
        return TransferError(code)
    }

    /// Waits until the transfer is cancelled, or has been silent for too long.
    private func waitSilently() async {
        let alarm = Task { [weak self, clock] in
            try? await clock.sleep(for: .seconds(30))
            self?.wake { $0.hasStalled = true }
        }
        defer { alarm.cancel() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    guard !state.isCancelled, !state.isHalted, !state.hasStalled, !Task.isCancelled else {
                        return false
                    }
                    state.waiter = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            cancel()
        }
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state in
            change(&state)
            return state.waiter.take()
        }
        waiter?.resume()
    }

    func halt() { wake { $0.isHalted = true } }

    func cancel() {
        wake { $0.isCancelled = true }
        ended(true)
    }
}
