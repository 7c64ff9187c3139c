import LoopbackServer
import Testing

@testable import Transfer

@Suite(.timeLimit(.minutes(10))) struct `Cancelling a transfer over libcurl` {
    private let headOnly: @Sendable (LoopbackServer.Connection, String) -> Bool = { connection, _ in
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        connection.waitForClose()
        return false
    }

    @Test func `cancelling ends a wait for the head`() async throws {
        let arrived = Signal()
        try await withServer { connection, _ in
            arrived.set()
            connection.waitForClose()
            return false
        } test: { transport, server in
            let url = try server.url("/")
            let task = Task { _ = try await transport.get(TransportRequest(url: url)) }
            await arrived.wait()
            task.cancel()
            #expect(await #expect(throws: TransferError.self) { try await task.value }?.code == .cancelled)
        }
    }

    @Test func `cancelling ends a wait for bytes and closes the connection`() async throws {
        let closed = Signal()
        try await withServer { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
            connection.waitForClose()
            closed.set()
            return false
        } test: { transport, server in
            let response = try await transport.get(TransportRequest(url: try server.url("/")))
            let task = Task { _ = try await response.next() }
            task.cancel()
            #expect(await #expect(throws: TransferError.self) { try await task.value }?.code == .cancelled)
            await closed.wait()
            response.cancel()
        }
    }

    @Test func `a response that is cancelled in the middle closes its connection, which serves no other request`()
        async throws
    {
        let closed = Signal()
        try await withServer { connection, head in
            guard head.hasPrefix("GET /endless") else {
                return connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(1 << 40)\r\n\r\n")
            let zeros = [UInt8](repeating: 0, count: 1 << 20)
            while connection.send(zeros) {}
            closed.set()
            return false
        } test: { transport, server in
            let response = try await transport.get(TransportRequest(url: try server.url("/endless")))
            _ = try await response.next()
            response.cancel()
            #expect(await #expect(throws: TransferError.self) { try await response.next() }?.code == .cancelled)
            await closed.wait()
            let other = try await transport.get(TransportRequest(url: try server.url("/")))
            #expect(try await count(other) == 2)
            #expect(server.connections == 2)
            #expect(transport.pool.usage.inUse == 0)
        }
    }

    @Test func `halting still delivers what was received`() async throws {
        let count = 16 << 20
        try await withServer { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n")
            // More than the client reads: it ends when the client closes the connection.
            connection.send([UInt8](repeating: 1, count: count))
            return false
        } test: { transport, server in
            let response = try await transport.get(TransportRequest(url: try server.url("/")))
            // Until the queue is full, and one buffer more is being filled.
            while transport.pool.usage.inUse <= Exchange.queueLimit { await Task.yield() }
            response.halt()
            var received = 0
            let error = await #expect(throws: TransferError.self) {
                while let chunk = try await response.next() { received += chunk.count }
            }
            #expect(error?.code == .cancelled)
            #expect(received >= Exchange.queueLimit << 20)
        }
    }

    @Test func `releasing the response closes the connection`() async throws {
        let closed = Signal()
        try await withServer { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
            connection.waitForClose()
            closed.set()
            return false
        } test: { transport, server in
            _ = try await transport.get(TransportRequest(url: try server.url("/")))
            await closed.wait()
        }
    }

    @Test func `shutting down the transport cancels its transfers`() async throws {
        try await withServer(answer: headOnly) { transport, server in
            let response = try await transport.get(TransportRequest(url: try server.url("/")))
            let task = Task { _ = try await response.next() }
            transport.shutdown()
            #expect(await #expect(throws: TransferError.self) { try await task.value }?.code == .cancelled)
            let url = try server.url("/")
            await #expect(throws: TransferError.self) { try await transport.get(TransportRequest(url: url)) }
            transport.shutdown()
        }
    }

    @Test func `cancelling at any moment does not harm later transfers`() async throws {
        let zeros = [UInt8](repeating: 0, count: 4_000_000)
        try await withServer { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n")
            return connection.send(zeros)
        } test: { transport, server in
            let url = try server.url("/")
            await withTaskGroup(of: Void.self) { group in
                for index in 0..<100 {
                    group.addTask {
                        let task = Task {
                            let response = try await transport.get(TransportRequest(url: url))
                            for _ in 0..<(index % 4) { _ = try await response.next() }
                        }
                        for _ in 0..<(index * 7 % 50) { await Task.yield() }
                        task.cancel()
                        _ = try? await task.value
                    }
                }
            }
            let response = try await transport.get(TransportRequest(url: url))
            #expect(try await count(response) == 4_000_000)
        }
    }
}
