/// Bounds a wait for something that is not worth waiting for: the end of a body of which every wanted byte has come.
package struct TimeLimit: Sendable {
    package typealias Sleep = @Sendable (Duration) async throws -> Void

    /// A polite server ends its answer together with the last byte; a second allows for a slow link.
    private static let limit: Duration = .seconds(1)

    private let sleep: Sleep

    /// - Parameter sleep: throws `CancellationError` when the task is cancelled.
    package init(sleep: @escaping Sleep = { try await Task.sleep(for: $0) }) { self.sleep = sleep }

    /// - Returns: what the operation returns; `nil` if it took too long, and it was cancelled then.
    func run<Value: Sendable>(_ operation: @escaping @Sendable () async -> Value) async -> Value? {
        await withTaskGroup(of: Value?.self) { group in
            group.addTask { await operation() }
            group.addTask {
                try? await sleep(Self.limit)
                return nil
            }
            var first = await group.next() ?? nil
            // A cancelled sleep ends early; the operation, cancelled as well, has the answer then.
            if first == nil, Task.isCancelled { first = await group.next() ?? nil }
            group.cancelAll()
            return first
        }
    }
}
