import Glibc
import Synchronization
import Testing

@testable import Transfer

/// A transport and a server for one test, both gone after it.
private func withServer(
    _ configure: (inout TransportConfiguration) -> Void = { _ in },
    answer: @escaping @Sendable (LoopbackServer.Connection, String) -> Bool,
    test: (CurlTransport, LoopbackServer) async throws -> Void
) async throws {
    var configuration = TransportConfiguration(version: "test")
    configuration.proxy = ""
    configure(&configuration)
    let transport = try CurlTransport(configuration)
    let server = LoopbackServer(answer: answer)
    defer {
        transport.shutdown()
        server.stop()
    }
    try await test(transport, server)
}

private func read(_ response: any TransportResponse) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let chunk = try await response.next() { chunk.withBytes { bytes += $0 } }
    return bytes
}

private func count(_ response: any TransportResponse) async throws -> Int {
    var count = 0
    while let chunk = try await response.next() { count += chunk.count }
    return count
}

/// Bytes that differ from megabyte to megabyte and within each.
private struct Noise {
    private let base: [UInt8]

    init() {
        var state: UInt32 = 1
        base = (0..<(1 << 20) + 256).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(truncatingIfNeeded: state >> 24)
        }
    }

    func megabyte(_ index: Int) -> ArraySlice<UInt8> { base[index..<(index + (1 << 20))] }

    func matches(_ chunk: Chunk, at start: Int) -> Bool {
        chunk.withBytes { bytes in
            var done = 0
            while done < bytes.count {
                let (index, place) = ((start + done) >> 20, (start + done) & 0xFFFFF)
                let length = min(bytes.count - done, (1 << 20) - place)
                let isSame = base.withUnsafeBytes {
                    memcmp($0.baseAddress! + index + place, bytes.baseAddress! + done, length) == 0
                }
                guard isSame else { return false }
                done += length
            }
            return true
        }
    }
}

private let noRequest: @Sendable (LoopbackServer.Connection, String) -> Bool = { _, _ in false }

@Suite(.timeLimit(.minutes(1))) struct `A transfer over libcurl` {
    @Test func `brings head and body`() async throws {
        try await withServer { connection, _ in
            connection.send(
                "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nContent-Range: bytes 3-7/9\r\n\r\nhello")
        } test: { transport, server in
            var request = TransportRequest(url: try server.url("/a%20b?c"), range: 3..<8, ifRange: "\"tag\"")
            request.credentials.headers = [("X-Extra", "1"), ("X-Empty", "")]
            let response = try await transport.get(request)
            #expect(response.head.status == 206)
            #expect(response.head.first("content-range") == "bytes 3-7/9")
            #expect(try await read(response) == Array("hello".utf8))
            #expect(try await response.next() == nil)
            let head = try #require(server.heads.first)
            for line in [
                "GET /a%20b?c HTTP/1.1", "Range: bytes=3-7", "If-Range: \"tag\"", "Accept-Encoding: identity",
                "User-Agent: modelfetch/test", "X-Extra: 1", "X-Empty:", "Host: 127.0.0.1:\(server.port)",
            ] { #expect(head.contains(line + "\r\n")) }
            #expect(!head.contains("Authorization"))
        }
    }

    @Test func `uses a connection again`() async throws {
        try await withServer { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        } test: { transport, server in
            for _ in 0..<5 {
                let response = try await transport.get(TransportRequest(url: try server.url("/")))
                #expect(try await read(response).count == 2)
            }
            #expect(server.connections == 1)
            #expect(server.heads.count == 5)
        }
    }

    @Test func `brings many megabytes in order`() async throws {
        let size = 24 << 20
        let noise = Noise()
        try await withServer { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
            return (0..<size >> 20).allSatisfy { connection.send(noise.megabyte($0)) }
        } test: { transport, server in
            let response = try await transport.get(TransportRequest(url: try server.url("/")))
            var offset = 0
            while let chunk = try await response.next() {
                #expect(noise.matches(chunk, at: offset))
                offset += chunk.count
            }
            #expect(offset == size)
            #expect(transport.pool.usage.inUse == 0)
        }
    }

    @Test func `holds the server back when nobody reads`() async throws {
        let sent = Mutex(0)
        let blocked = Signal()
        let size = 64 << 20
        try await withServer { connection, _ in
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

    @Test func `gets on while others hold their buffers`() async throws {
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

    @Test func `hands small pieces over early`() async throws {
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

    @Test func `serves more transfers than there are buffers`() async throws {
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

    @Test func `takes no more than the rate limit`() async throws {
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

    @Test func `keeps user and password for the server`() async throws {
        try await withServer { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        } test: { transport, server in
            var request = TransportRequest(url: try server.url("/"))
            request.credentials.userinfo = ("user", "p:w")
            _ = try await transport.get(request)
            #expect(server.heads.first?.contains("Authorization: Basic dXNlcjpwOnc=\r\n") == true)
            _ = try await transport.get(TransportRequest(url: try server.url("/")))
            #expect(server.heads.last?.contains("Authorization") == false)
        }
    }

    @Test func `takes secrets to their own origin only`() async throws {
        let target = LoopbackServer { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        defer { target.stop() }
        let location = try target.url("/x").absoluteString
        try await withServer { connection, _ in
            connection.send("HTTP/1.1 302 Found\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n")
        } test: { transport, server in
            var request = FetchRequest(url: try server.url("/"), total: 2)
            request.credentials.userinfo = ("user", "hunter2")
            request.credentials.headers = [("X-Token", "hunter2")]
            let body = try await RangeFetcher(transport).open(request)
            while try await body.next() != nil {}
            #expect(server.heads.first?.contains("X-Token: hunter2") == true)
            #expect(target.heads.first?.contains("X-Token") == false)
            #expect(target.heads.first?.contains("Authorization") == false)
        }
    }

    @Test func `keeps a proxy's password for the proxy, and the server's fields for the server`() async throws {
        let proxy = LoopbackServer { connection, head in
            head.hasPrefix("CONNECT")
                ? connection.send("HTTP/1.1 407 No\r\nX-Proxy: 1\r\nContent-Length: 0\r\n\r\n")
                : connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        }
        defer { proxy.stop() }
        try await withServer {
            $0.proxy = "http://u:hunter2@127.0.0.1:\(proxy.port)"
        } answer: { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        } test: { transport, server in
            var request = TransportRequest(url: try HTTPURL(parsing: "https://example.invalid/x"))
            request.credentials.headers = [("X-Token", "hunter3")]
            let error = await #expect(throws: TransferError.self) { try await transport.get(request) }
            #expect(error?.code == .proxyRefused)
            #expect(error?.status == 407)
            #expect(proxy.heads.first?.hasPrefix("CONNECT example.invalid:443") == true)
            #expect(proxy.heads.first?.contains("Proxy-Authorization: Basic") == true)
            #expect(proxy.heads.first?.contains("hunter3") == false)
            _ = try await transport.get(TransportRequest(url: try HTTPURL(parsing: "http://example.invalid/x")))
            #expect(proxy.heads.last?.hasPrefix("GET http://example.invalid/x HTTP/1.1") == true)
            #expect(server.heads.isEmpty)
        }
    }

    @Test(arguments: [("X: y\r\n y\r\n"), "Content-Length: 5\r\nno colon here\r\n"])
    func `refuses a malformed head`(fields: String) async throws {
        try await withServer { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\n\(fields)\r\n")
        } test: { transport, server in
            let error = await #expect(throws: TransferError.self) {
                try await transport.get(TransportRequest(url: try server.url("/?secret")))
            }
            #expect(error?.code == .malformed)
            #expect(error?.url?.hasSuffix("/?…") == true)
        }
    }

    @Test func `refuses endless header fields`() async throws {
        try await withServer { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\n")
            while connection.send("X-Filler: \(String(repeating: "x", count: 200))\r\n") {}
            return false
        } test: { transport, server in
            let error = await #expect(throws: TransferError.self) {
                try await transport.get(TransportRequest(url: try server.url("/")))
            }
            #expect(error?.code == .malformed)
        }
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", TransferError.Code.short),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", .short),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc", .connectionLost),
    ])
    func `hands out what came before the connection broke`(text: String, code: TransferError.Code) async throws {
        try await withServer { connection, _ in
            connection.send(text)
            return false
        } test: { transport, server in
            let response = try await transport.get(TransportRequest(url: try server.url("/")))
            let error = await #expect(throws: TransferError.self) {
                if code == .short { #expect(try await response.next()?.count == 3) }
                _ = try await response.next()
            }
            #expect(error?.code == code)
            #expect(error?.disposition == .retry)
        }
    }

    @Test func `fails where nobody listens or the name is unknown`() async throws {
        try await withServer(answer: noRequest) { transport, server in
            server.stop()
            let refused = await #expect(throws: TransferError.self) {
                try await transport.get(TransportRequest(url: try server.url("/")))
            }
            #expect(refused?.code == .connectionFailed)
        }
    }

    @Test func `notices that nothing comes any more`() async throws {
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

    @Test(arguments: ["Range", "transfer-encoding", "X\r\nY", ""])
    func `lets no user's header field change the request`(name: String) async throws {
        try await withServer(answer: noRequest) { transport, server in
            var request = TransportRequest(url: try server.url("/"))
            request.credentials.headers = [(name, "x")]
            let error = await #expect(throws: TransferError.self) { try await transport.get(request) }
            #expect(error?.code == .invalidRequest)
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct `Cancelling a transfer over libcurl` {
    private let headOnly: @Sendable (LoopbackServer.Connection, String) -> Bool = { connection, _ in
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        connection.waitForClose()
        return false
    }

    @Test func `ends a wait for the head`() async throws {
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

    @Test func `ends a wait for bytes, and closes the connection`() async throws {
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

    @Test func `happens when the answer is dropped`() async throws {
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

    @Test func `happens when the transport is shut down`() async throws {
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

    @Test func `happens at any moment without harm`() async throws {
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
