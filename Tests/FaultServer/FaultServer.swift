internal import NIOCore
internal import NIOPosix

/// An HTTP/1.1 file server on a loopback port that is honest by default and lies on demand.
///
/// Always stop it, or use ``run(files:script:address:port:eventLoopThreads:recordEnded:_:)``, which does.
package final class FaultServer: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let listener: Listener
    private let state: ServerState
    private let address: String

    private init(group: MultiThreadedEventLoopGroup, listener: Listener, state: ServerState, address: String) {
        self.group = group
        self.listener = listener
        self.state = state
        self.address = address
    }

    /// Starts a server.
    ///
    /// - Parameters:
    ///   - address: any loopback address; servers on 127.0.0.1 and 127.0.0.2 are two hosts to a client.
    ///   - port: 0 for a free one.
    ///   - recordEnded: called on an event loop with the record of each request that has come to its end.
    package static func start(
        files: Content, script: FaultScript = .honest, address: String = "127.0.0.1", port: Int = 0,
        eventLoopThreads: Int = 1, recordEnded: (@Sendable (RequestRecord) -> Void)? = nil
    ) async throws -> FaultServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: eventLoopThreads)
        let state = ServerState(content: files, script: script, log: RequestLog(ended: recordEnded))
        let listener = Listener(group: group, address: address, port: port, state: state)
        do {
            try await listener.listen()
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        return FaultServer(group: group, listener: listener, state: state, address: address)
    }

    /// Runs `body` with a server that is stopped whatever happens.
    @discardableResult
    package static func run<Result>(
        files: Content, script: FaultScript = .honest, address: String = "127.0.0.1", port: Int = 0,
        eventLoopThreads: Int = 1, recordEnded: (@Sendable (RequestRecord) -> Void)? = nil,
        isolation: isolated (any Actor)? = #isolation, _ body: (FaultServer) async throws -> Result
    ) async throws -> Result {
        let server = try await start(
            files: files, script: script, address: address, port: port, eventLoopThreads: eventLoopThreads,
            recordEnded: recordEnded)
        do {
            let result = try await body(server)
            await server.stop()
            return result
        } catch {
            await server.stop()
            throw error
        }
    }

    /// Closes the listening socket and all connections, and ends the threads. Harmless a second time.
    package func stop() async {
        state.isStopping = true
        await listener.close(forGood: true)
        state.gates.abandon()
        try? await group.shutdownGracefully()
    }

    package var port: Int { listener.port }

    /// `http://127.0.0.1:PORT/`
    package var baseURL: String { "http://\(address):\(port)/" }

    // MARK: Changes on the way

    /// Takes effect with the next request; the new script counts requests from 0, and its gates are closed.
    package func replace(script: FaultScript) {
        state.replace(script: script)
    }

    /// Takes effect with the next request; replies under way keep serving what they began with.
    package func replace(files: Content) {
        state.replace(content: files)
    }

    /// Lets every reply go on that stands at a gate, and those that come to one, until there is another script.
    package func openGates() {
        state.gates.open()
    }

    /// From now on connections are refused. Accepted ones live on.
    package func stopListening() async {
        await listener.close()
    }

    /// Listens again, on the same port.
    package func listenAgain() async throws {
        try await listener.listen()
    }

    // MARK: What happened

    /// All requests so far, in the order in which they came.
    package var log: [RequestRecord] { state.log.records }

    /// The requests for a path (without its first slash).
    package func requests(path: String) -> [RequestRecord] {
        log.filter { $0.path == path }
    }

    /// Body bytes of all replies that the kernel has accepted.
    package var bodyBytesSent: Int64 {
        log.reduce(0) { $0 + $1.bodyBytesSent }
    }

    /// How many connections were accepted.
    package var connectionCount: Int { state.connectionCount }

    /// Waits until the log meets a condition, looking at it after every change.
    ///
    /// - Returns: the log as it was when the condition held.
    /// - Throws: ``TimedOut`` when that takes too long.
    @discardableResult
    package func wait(
        within limit: Duration = .seconds(300), until condition: @escaping @Sendable ([RequestRecord]) -> Bool
    ) async throws -> [RequestRecord] {
        try await withThrowingTaskGroup(of: [RequestRecord].self) { [log = state.log] group in
            group.addTask { try await log.wait(until: condition) }
            group.addTask {
                try await Task.sleep(for: limit)
                throw TimedOut(limit: limit, log: log.records)
            }
            defer { group.cancelAll() }
            return try await group.next() ?? []
        }
    }

    /// Waits until so many requests have come.
    @discardableResult
    package func waitForRequests(count: Int, within limit: Duration = .seconds(300)) async throws -> [RequestRecord] {
        try await wait(within: limit) { $0.count >= count }
    }

    /// Waits until so many requests have come and all of them have ended.
    @discardableResult
    package func waitForEnd(ofRequests count: Int, within limit: Duration = .seconds(300)) async throws
        -> [RequestRecord]
    {
        try await wait(within: limit) { $0.count >= count && $0.allSatisfy { $0.ending != .open } }
    }

    /// A condition on the log was not met in time.
    package struct TimedOut: Error {
        package var limit: Duration
        package var log: [RequestRecord]
    }
}
