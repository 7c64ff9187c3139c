import Glibc
import LoopbackServer
import Synchronization
import Testing
import Threads

@testable import Transfer

@Suite(.timeLimit(.minutes(10))) struct `A transport with several loops` {
    private static let body = [UInt8](repeating: 7, count: 3 << 20)

    @Test func `requests one after another use one loop and one connection`() async throws {
        try await withServer {
            $0.processors = 4
        } answer: { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde")
        } test: { transport, server in
            let url = try server.url("/")
            for _ in 0..<50 { try await expect(5, transport, url) }
            #expect(server.connections == 1)
            #expect(transport.loopCount == 1)
        }
    }

    @Test func `workers use as many connections as there are workers, and all loops`() async throws {
        let begun = Rendezvous(4)
        try await withServer {
            $0.processors = 2
        } answer: { connection, head in
            // Each of the first four responses begins when all four requests are here.
            if head.hasPrefix("GET /first") { begun.wait() }
            return connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde")
        } test: { transport, server in
            let (first, next) = (try server.url("/first"), try server.url("/next"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        for url in [first] + [HTTPURL](repeating: next, count: 50) {
                            try await expect(5, transport, url)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(server.connections == 4)
            #expect(transport.loopCount == 2)
        }
    }

    @Test func `sixteen transfers on four loops share one pool, and all of them end`() async throws {
        try await withServer {
            $0.processors = 4
        } answer: { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(Self.body.count)\r\n\r\n")
            return connection.send(Self.body)
        } test: { transport, server in
            let url = try server.url("/")
            // None is read before all have begun, so that they take all buffers.
            var responses: [any TransportResponse] = []
            for _ in 0..<16 { responses.append(try await transport.get(TransportRequest(url: url))) }
            #expect(transport.loopCount == 4)
            let total = try await withThrowingTaskGroup(of: Int.self) { group in
                for response in responses { group.addTask { try await count(response) } }
                return try await group.reduce(0, +)
            }
            #expect(total == 16 * Self.body.count)
            #expect(transport.pool.usage.bytes <= 16 << 20)
            #expect(transport.pool.usage.inUse == 0)
        }
    }

    @Test func `a rate limit holds for all transfers together`() async throws {
        let size = 200_000
        try await withServer {
            ($0.processors, $0.rateLimit) = (4, 200_000)
        } answer: { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
            return connection.send([UInt8](repeating: 1, count: size))
        } test: { transport, server in
            let url = try server.url("/")
            let time = try await ContinuousClock().measure {
                let total = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<4 {
                        group.addTask { try await count(try await transport.get(TransportRequest(url: url))) }
                    }
                    return try await group.reduce(0, +)
                }
                #expect(total == 4 * size)
            }
            #expect(time > .seconds(3.5))
        }
    }

    @Test func `shutting down ends the transfers of every loop`() async throws {
        try await withServer {
            $0.processors = 4
        } answer: { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
            connection.waitForClose()
            return false
        } test: { transport, server in
            let url = try server.url("/")
            var responses: [any TransportResponse] = []
            for _ in 0..<8 { responses.append(try await transport.get(TransportRequest(url: url))) }
            #expect(transport.loopCount == 4)
            transport.shutdown()
            for response in responses {
                let error = await #expect(throws: TransferError.self) { try await response.next() }
                #expect(error?.code == .cancelled)
            }
        }
    }

    /// The system refuses every thread after so many.
    @Test(arguments: [1, 2]) func `where threads are refused, fewer loops serve everything`(threads: Int) async throws {
        let left = Mutex(threads)
        let server = LoopbackServer { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(Self.body.count)\r\n\r\n")
            return connection.send(Self.body)
        }
        var configuration = TransportConfiguration(version: "test")
        (configuration.proxy, configuration.stallTimeout, configuration.processors) = ("", .seconds(600), 4)
        let transport = try CurlTransport(configuration, driver: .libcurl) { run in
            let isAllowed = left.withLock { left in
                left -= 1
                return left >= 0
            }
            return isAllowed ? SystemThread(run) : nil
        }
        defer {
            transport.shutdown()
            server.stop()
        }
        let url = try server.url("/")
        var responses: [any TransportResponse] = []
        for _ in 0..<6 { responses.append(try await transport.get(TransportRequest(url: url))) }
        for response in responses {
            let received = try await count(response)
            #expect(received == Self.body.count)
        }
        #expect(transport.loopCount == threads)
    }

    @Test func `without any thread there is no transport`() {
        let error = #expect(throws: TransferError.self) {
            _ = try CurlTransport(TransportConfiguration(version: "test"), driver: .libcurl, startThread: { _ in nil })
        }
        #expect(error?.code == .localFailure)
    }

    @Test(arguments: [(0, nil, 1), (1, nil, 1), (2, nil, 2), (64, nil, 4), (4, 1_000_000, 1)] as [(Int, Int64?, Int)])
    func `there are as many loops as processors, at most four, and one with a rate limit`(
        processors: Int, rateLimit: Int64?, loops: Int
    ) {
        var configuration = TransportConfiguration(version: "test")
        (configuration.processors, configuration.rateLimit) = (processors, rateLimit)
        #expect(configuration.maximumLoops == loops)
    }
}

/// Expects so many bytes in response to a request.
private func expect(_ size: Int, _ transport: CurlTransport, _ url: HTTPURL) async throws {
    let response = try await transport.get(TransportRequest(url: url))
    let received = try await count(response)
    #expect(received == size)
}

/// Lets threads go on when so many have come.
private final class Rendezvous: Sendable {
    private let missing: Mutex<Int>

    init(_ count: Int) { missing = Mutex(count) }

    func wait() {
        missing.withLock { $0 -= 1 }
        while missing.withLock({ $0 > 0 }) { sched_yield() }
    }
}
