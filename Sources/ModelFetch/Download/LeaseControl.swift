internal import Synchronization
internal import Transfer

/// Ends the transfer of a lease from outside, because another connection has taken over what it was to fetch.
final class LeaseControl: Sendable {
    private struct State {
        var body: RangeBody?
        var isCancelled = false
    }

    private let state = Mutex(State())

    /// Whether the transfer was ended on purpose, so that its failure says nothing about the source.
    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// The source has answered: from now on `body` can be cancelled.
    func hold(_ body: RangeBody) {
        let isCancelled = state.withLock { state in
            state.body = body
            return state.isCancelled
        }
        if isCancelled { body.cancel() }
    }

    /// Ends the transfer. A request without an answer yet ends when that comes.
    func cancel() {
        let body = state.withLock { state in
            state.isCancelled = true
            return state.body
        }
        body?.cancel()
    }
}
