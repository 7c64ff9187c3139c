internal import Synchronization
internal import Transfer

/// Until when each host wants to be left alone: a `Retry-After` that one file got counts for all files of the run.
final class RetryAfterTable: Sendable {
    private let gates = Mutex<[HTTPURL.Origin: Duration]>([:])

    /// - Parameters:
    ///   - pause: what the host asked for.
    ///   - now: the time, on the scale of ``until(_:)``.
    func close(_ origin: HTTPURL.Origin, for pause: Duration, now: Duration) {
        gates.withLock { $0[origin] = max($0[origin] ?? .zero, now + pause) }
    }

    func until(_ origin: HTTPURL.Origin) -> Duration { gates.withLock { $0[origin] ?? .zero } }
}
