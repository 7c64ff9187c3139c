internal import Synchronization

/// The records of all requests, and the tasks that wait for changes.
final class RequestLog: Sendable {
    private struct State {
        var records: [RequestRecord] = []
        var version = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let ended: (@Sendable (RequestRecord) -> Void)?

    /// - Parameter ended: called on an event loop with the record of each request when it has ended.
    init(ended: (@Sendable (RequestRecord) -> Void)?) {
        self.ended = ended
    }

    var records: [RequestRecord] {
        state.withLock { $0.records }
    }

    /// Adds a record; `make` gets its number.
    func append(_ make: (_ order: Int) -> RequestRecord) -> Int {
        change { state in
            let order = state.records.count
            state.records.append(make(order))
            return order
        }
    }

    func update(_ order: Int, _ body: (inout RequestRecord) -> Void) {
        change { body(&$0.records[order]) }
    }

    /// Sets how a request ended, unless that is set already.
    func end(_ order: Int, _ ending: RequestRecord.Ending, unconfirmedBodyBytes: Int64 = 0) {
        let record: RequestRecord? = change { state in
            guard state.records[order].ending == .open else { return nil }
            state.records[order].ending = ending
            state.records[order].bodyBytesSent += unconfirmedBodyBytes
            return state.records[order]
        }
        if let record { ended?(record) }
    }

    private func change<Result>(_ body: (inout State) -> Result) -> Result {
        let (result, waiting) = state.withLock { state in
            let result = body(&state)
            state.version += 1
            defer { state.waiting = [] }
            return (result, state.waiting)
        }
        for continuation in waiting { continuation.resume() }
        return result
    }

    // MARK: Waiting

    /// Waits until the records meet a condition, which is checked after every change.
    func wait(until condition: @Sendable ([RequestRecord]) -> Bool) async throws -> [RequestRecord] {
        while true {
            try Task.checkCancellation()
            let (records, version) = state.withLock { ($0.records, $0.version) }
            if condition(records) { return records }
            await changed(since: version)
        }
    }

    private func changed(since version: Int) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // A cancellation before this critical section shows in `isCancelled`; a later one finds the
                // continuation.
                let waits = state.withLock { state in
                    guard state.version == version, !Task.isCancelled else { return false }
                    state.waiting.append(continuation)
                    return true
                }
                if !waits { continuation.resume() }
            }
        } onCancel: {
            // This also wakes other tasks, which check their condition and wait again.
            change { _ in }
        }
    }
}
