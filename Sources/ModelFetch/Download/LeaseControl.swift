internal import Threads
internal import Transfer

/// Ends the transfer of a lease from outside, because another connection has taken over what it was to fetch.
final class LeaseControl: Sendable {
    private struct State {
        /// Ends what is under way: the request, then its body.
        var end: (@Sendable () -> Void)?
        var isCancelled = false
        var hasFailed = false
    }

    private let state = Lock(State())

    /// Whether the transfer was ended on purpose, so that its failure says nothing about the source.
    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Whether it was ended because too little came.
    var hasFailed: Bool { state.withLock { $0.hasFailed } }

    /// From now on, `end` ends the transfer.
    func hold(_ end: @escaping @Sendable () -> Void) {
        let isCancelled = state.withLock { state in
            state.end = end
            return state.isCancelled
        }
        if isCancelled { end() }
    }

    /// Ends the transfer.
    ///
    /// - Parameter asFailure: whether that is because too little came.
    func cancel(asFailure: Bool = false) {
        let end = state.withLock { state in
            state.isCancelled = true
            state.hasFailed = state.hasFailed || asFailure
            return state.end
        }
        end?()
    }

    /// Sends a request that ``cancel()`` and the cancellation of the task end.
    func request<Value: Sendable>(
        on executor: any TaskExecutor, _ send: @escaping @Sendable () async throws(TransferError) -> Value
    ) async throws(TransferError) -> Value {
        let task = Task(executorPreference: executor) { () -> Result<Value, TransferError> in
            do throws(TransferError) { return .success(try await send()) } catch { return .failure(error) }
        }
        hold { task.cancel() }
        return try await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }.get()
    }
}
