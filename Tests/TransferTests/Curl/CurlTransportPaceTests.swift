import LoopbackServer
import Synchronization
import Testing

@testable import Transfer

@Suite(.timeLimit(.minutes(10))) struct `The pace of a transfer over libcurl` {
    @Test func `a transfer that is not read is paused`() async throws {
        let sent = Mutex(0)
        let blocked = Signal()
        let size = 64 << 20
        try await withServer {
            // Held back for longer than this, by us.
            $0.stallTimeout = .seconds(1)
        } answer: { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
            let first = connection.sendUntilBlocked(limit: size)
            sent.withLock { $0 = first }
            blocked.set()
            return connection.send([UInt8](repeating: 0, count: size - first))
        } test: { transport, server in
            let response = try await transport.get(TransportRequest(url: try server.url("/")))
            await blocked.wait()
            // Our queue, libcurl's buffer and the kernel's two, which grow to some megabytes.
            #expect(sent.withLock { $0 } < 32 << 20)
            #expect(transport.pool.usage.bytes <= 6 << 20)
            #expect(try await count(response) == size)
        }
    }

    @Test func `a transfer progresses while others hold their buffers`() async throws {
        let size = 8 << 20
        try await withServer { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
            return connection.send([UInt8](repeating: 1, count: size))
        } test: { transport, server in
            var idle: [any TransportResponse] = []
            for _ in 0..<15 { idle.append(try await transport.get(TransportRequest(url: try server.url("/")))) }
            let active = try await transport.get(TransportRequest(url: try server.url("/")))
            #expect(try await count(active) == size)
            #expect(transport.pool.usage.bytes <= 16 << 20)
            for response in idle { #expect(try await count(response) == size) }
            #expect(transport.pool.usage.inUse == 0)
        }
    }

    @Test func `small amounts are delivered early`() async throws {
        let taken = Signal()
        try await withServer { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc")
            connection.waitForClose()
            return false
        } test: { transport, server in
            let response = try await transport.get(TransportRequest(url: try server.url("/")))
            #expect(try await response.next()?.count == 3)
            taken.set()
            response.cancel()
        }
    }

    @Test func `there can be more transfers than buffers`() async throws {
        let megabyte = [UInt8](repeating: 7, count: 2 << 20)
        try await withServer { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(megabyte.count)\r\n\r\n")
            return connection.send(megabyte)
        } test: { transport, server in
            let url = try server.url("/")
            let total = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await count(try await transport.get(TransportRequest(url: url))) }
                }
                return try await group.reduce(0, +)
            }
            #expect(total == 20 * megabyte.count)
            #expect(transport.pool.usage.inUse == 0)
        }
    }

    @Test func `the rate limit is kept`() async throws {
        let size = 400_000
        try await withServer {
            $0.rateLimit = 200_000
        } answer: { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
            return connection.send([UInt8](repeating: 1, count: size))
        } test: { transport, server in
            let url = try server.url("/")
            let time = try await ContinuousClock().measure {
                async let one = count(try await transport.get(TransportRequest(url: url)))
                async let other = count(try await transport.get(TransportRequest(url: url)))
                #expect(try await one + other == 2 * size)
            }
            #expect(time > .seconds(3.5))
        }
    }

    @Test func `a silent server counts as stalled`() async throws {
        try await withServer {
            $0.stallTimeout = .seconds(1)
        } answer: { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
            connection.waitForClose()
            return false
        } test: { transport, server in
            let response = try await transport.get(TransportRequest(url: try server.url("/")))
            let error = await #expect(throws: TransferError.self) { try await response.next() }
            #expect(error?.code == .stalled)
        }
    }

    @Test func `a transfer below the floor counts as stalled`() async throws {
        try await withServer {
            $0.stallTimeout = .seconds(1)
        } answer: { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while connection.send("x"), !connection.isClosed(within: 100) {}
            return false
        } test: { transport, server in
            let response = try await transport.get(TransportRequest(url: try server.url("/")))
            let error = await #expect(throws: TransferError.self) { while try await response.next() != nil {} }
            #expect(error?.code == .stalled)
        }
    }

    @Test func `the rate limit does not count as a stall`() async throws {
        let body = [UInt8](repeating: 0, count: 50_000)
        try await withServer {
            $0.stallTimeout = .seconds(1)
            $0.rateLimit = 15_000
        } answer: { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
            return connection.send(body)
        } test: { transport, server in
            let response = try await transport.get(TransportRequest(url: try server.url("/")))
            #expect(try await count(response) == body.count)
        }
    }
}
