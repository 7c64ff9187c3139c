internal import NIOCore
internal import NIOPosix

/// An HTTP/1.1 file server on a loopback port, with faults that a script describes.
///
/// It has to be stopped; ``run(files:script:address:port:eventLoopThreads:recordEnded:isolation:_:)`` does that.
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
    ///   - address: any loopback address. Servers on 127.0.0.1 and 127.0.0.2 are different hosts for a client.
    ///   - port: 0 for a free one.
    ///   - recordEnded: called on an event loop with the record of each request when it has ended.
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

    /// Runs `body` with a server, and stops that also when `body` throws.
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

    /// Closes the listening socket and all connections and ends the threads. It may be called more than once.
    package func stop() async {
        state.isStopping = true
        await listener.close(forGood: true)
        state.gates.abandon()
        try? await group.shutdownGracefully()
    }

    package var port: Int { listener.port }

    /// `http://127.0.0.1:PORT/`
    package var baseURL: String { "http://\(address):\(port)/" }

    // MARK: Changes while it runs

    /// Replaces the script for the following requests. The new script counts requests from 0, and its gates are closed.
    package func replace(script: FaultScript) {
        state.replace(script: script)
    }

    /// Replaces the files for the following requests. Responses that are being sent are not affected.
    package func replace(files: Content) {
        state.replace(content: files)
    }

    /// Opens the gates: responses that wait at one continue, and later ones do not wait, until the script is replaced.
    package func openGates() {
        state.gates.open()
    }

    /// Refuses new connections. Existing ones stay open.
    package func stopListening() async {
        await listener.close()
    }

    /// Listens again on the same port.
    package func listenAgain() async throws {
        try await listener.listen()
    }

    // MARK: The log

    /// All requests so far, in the order of their arrival.
    package var log: [RequestRecord] { state.log.records }

    /// The requests for a path, which is given without its leading slash.
    package func requests(path: String) -> [RequestRecord] {
        log.filter { $0.path == path }
    }

    /// The body bytes of all responses that the kernel has accepted.
    package var bodyBytesSent: Int64 {
        log.reduce(0) { $0 + $1.bodyBytesSent }
    }

    /// What the server has done so far, as numbers.
    package var statistics: ServerStatistics {
        let transfers = state.transfers.summary
        return ServerStatistics(
            requests: log.count, connections: connectionCount, refusals: transfers.refusals,
            bodyBytesSent: bodyBytesSent, peakTransfers: transfers.peak,
            transfersAtEndOfSecond: transfers.atEndOfSecond, mostTransfersInSecond: transfers.mostInSecond)
    }

    /// The number of transfers in progress.
    package var transferCount: Int { state.transfers.count }

    /// The number of accepted connections.
    package var connectionCount: Int { state.connectionCount }

    /// Waits until the log meets a condition, which is checked after every change.
    ///
    /// - Returns: the log that met the condition.
    /// - Throws: ``TimedOut`` if that takes longer than `limit`.
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

    /// Waits until this many requests were received.
    @discardableResult
    package func waitForRequests(count: Int, within limit: Duration = .seconds(300)) async throws -> [RequestRecord] {
        try await wait(within: limit) { $0.count >= count }
    }

    /// Waits until this many requests were received and all requests have ended.
    @discardableResult
    package func waitForEnd(ofRequests count: Int, within limit: Duration = .seconds(300)) async throws
        -> [RequestRecord]
    {
        try await wait(within: limit) { $0.count >= count && $0.allSatisfy { $0.ending != .open } }
    }

    /// The log did not meet a condition in time.
    package struct TimedOut: Error {
        package var limit: Duration
        package var log: [RequestRecord]
    }
}
