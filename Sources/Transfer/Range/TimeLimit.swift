/// Limits a wait that is not worth much: for the end of a body after all of its wanted bytes were received.
package struct TimeLimit: Sendable {
    package typealias Sleep = @Sendable (Duration) async throws -> Void

    /// Servers usually end a response together with its last byte; one second allows for a slow link.
    private static let limit: Duration = .seconds(1)

    private let sleep: Sleep

    /// - Parameter sleep: must throw `CancellationError` when the task is cancelled.
    package init(sleep: @escaping Sleep = { try await Task.sleep(for: $0) }) { self.sleep = sleep }

    /// - Returns: the operation's result; `nil` if it took too long and was cancelled.
    func run<Value: Sendable>(_ operation: @escaping @Sendable () async -> Value) async -> Value? {
        await withTaskGroup(of: Value?.self) { group in
            group.addTask { await operation() }
            group.addTask {
                try? await sleep(Self.limit)
                return nil
            }
            var first = await group.next() ?? nil
            // If this task was cancelled, the sleep ended early, and the operation ends, too: its result counts.
            if first == nil, Task.isCancelled { first = await group.next() ?? nil }
            group.cancelAll()
            return first
        }
    }
}
