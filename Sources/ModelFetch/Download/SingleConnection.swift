internal import Synchronization

/// The connection of a task that needs only one at a time: it counts like those that share a large file.
final class SingleConnection: Sendable {
    private let pool: ConnectionPool
    private let source: Int
    private let time: Time
    private let begun: Duration
    private let isWorking = Atomic(false)

    private init(_ pool: ConnectionPool, _ source: Int, _ time: Time) {
        self.pool = pool
        self.source = source
        self.time = time
        begun = time.now()
    }

    /// Waits until a connection to a source is free, and has it while `body` runs.
    static func with<R>(
        _ context: RunContext, to source: Int, _ body: (SingleConnection) async throws -> R
    ) async throws -> R {
        let (pool, time, signal) = (context.pool, context.runtime.time, Signal())
        let user = pool.enter(signal)
        defer { pool.leave(user) }
        while pool.take(source, for: user) == .full {
            await signal.wait()
            try Task.checkCancellation()
        }
        let connection = SingleConnection(pool, source, time)
        defer { pool.giveBack(source, for: user, wasWorking: connection.isWorking.load(ordering: .relaxed)) }
        return try await body(connection)
    }

    /// The source has answered.
    func answered() {
        isWorking.store(true, ordering: .relaxed)
        pool.answered(source, after: time.now() - begun, at: time.now())
    }

    /// Bytes have come.
    func received(_ bytes: Int) { pool.received(bytes, from: source, at: time.now()) }
}
