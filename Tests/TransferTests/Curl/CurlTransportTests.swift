import LoopbackServer
import Synchronization
import Testing

@testable import Transfer

@Suite(.timeLimit(.minutes(10))) struct `A transfer over libcurl` {
    @Test func `a transfer delivers head and body`() async throws {
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

    @Test func `a second transfer reuses the connection`() async throws {
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

    /// The server closes it when the second request has arrived: before that, libcurl would notice.
    @Test func `a request on a kept connection that the server closes is repeated on a new one`() async throws {
        let requests = Mutex(0)
        try await withServer { connection, _ in
            let number = requests.withLock { requests in
                requests += 1
                return requests
            }
            return number != 2 && connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        } test: { transport, server in
            for _ in 0..<2 {
                let response = try await transport.get(TransportRequest(url: try server.url("/")))
                #expect(try await count(response) == 2)
            }
            #expect(requests.withLock { $0 } == 3)
            #expect(server.connections == 2)
        }
    }

    @Test func `a kept connection that the server has closed meanwhile is not used`() async throws {
        try await withServer { connection, head in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            return !head.hasPrefix("GET /last")
        } test: { transport, server in
            for path in ["/last", "/"] {
                let response = try await transport.get(TransportRequest(url: try server.url(path)))
                #expect(try await count(response) == 2)
            }
            #expect(server.connections == 2)
        }
    }

    @Test func `many megabytes are delivered in order`() async throws {
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

    @Test func `user and password are sent to the server`() async throws {
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

    @Test func `credentials are sent only to their origin`() async throws {
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

    @Test func `a proxy gets its password, but no header fields for the server`() async throws {
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
    func `a malformed head is refused`(fields: String) async throws {
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

    @Test(arguments: [
        String(repeating: "+", count: 200_000), "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", "rest of a file\r\n",
    ])
    func `leftover data of an earlier response counts as a lost connection`(
        rest: String
    ) async throws {
        try await withServer { connection, head in
            // The rest comes when libcurl has looked whether the connection is clean and has used it.
            connection.send(head.hasPrefix("GET /2") ? rest : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            return !head.hasPrefix("GET /2")
        } test: { transport, server in
            #expect(try await read(transport.get(TransportRequest(url: try server.url("/1")))).count == 2)
            let error = await #expect(throws: TransferError.self) {
                try await transport.get(TransportRequest(url: try server.url("/2")))
            }
            #expect(server.connections == 1)
            #expect(error?.code == .connectionLost, "\(error.debugDescription)")
            #expect(error?.disposition == .retry)
            #expect(try await read(transport.get(TransportRequest(url: try server.url("/3")))).count == 2)
            #expect(server.connections == 2)
            // On a connection of its own it is the server's.
            var configuration = TransportConfiguration(version: "test")
            configuration.proxy = ""
            let other = try CurlTransport(configuration)
            defer { other.shutdown() }
            let second = await #expect(throws: TransferError.self) {
                try await other.get(TransportRequest(url: try server.url("/2")))
            }
            #expect(second?.code == .malformed, "\(second.debugDescription)")
        }
    }

    @Test func `endless header fields are refused`() async throws {
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
    func `bytes before a lost connection are delivered`(text: String, code: TransferError.Code) async throws {
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

    @Test func `a refused connection is reported`() async throws {
        try await withServer { _, _ in
            false
        } test: { transport, server in
            server.stop()
            let refused = await #expect(throws: TransferError.self) {
                try await transport.get(TransportRequest(url: try server.url("/")))
            }
            #expect(refused?.code == .connectionFailed)
        }
    }

    @Test func `a plain HTTP server on an https port is reported and not retried`() async throws {
        let server = LoopbackServer(greeting: "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") { _, _ in false }
        defer { server.stop() }
        var configuration = TransportConfiguration(version: "test")
        configuration.proxy = ""
        let transport = try CurlTransport(configuration)
        defer { transport.shutdown() }
        let url = try HTTPURL(parsing: "https://127.0.0.1:\(server.port)/")
        let error = await #expect(throws: TransferError.self) { try await transport.get(TransportRequest(url: url)) }
        #expect(error?.code == .notTLS && error?.disposition == .nextSource && error?.isUnreachable == true)
    }

    @Test func `a request's limit for connecting is kept`() async throws {
        // It takes the connection, and never says a word of TLS.
        let server = LoopbackServer { connection, _ in
            connection.waitForClose()
            return false
        }
        defer { server.stop() }
        var configuration = TransportConfiguration(version: "test")
        (configuration.proxy, configuration.connectTimeout) = ("", .seconds(600))
        let transport = try CurlTransport(configuration)
        defer { transport.shutdown() }
        var request = TransportRequest(url: try HTTPURL(parsing: "https://127.0.0.1:\(server.port)/"))
        request.connectTimeout = .milliseconds(50)
        let error = await #expect(throws: TransferError.self) { try await transport.get(request) }
        #expect(error?.code == .connectTimeout)
    }

    @Test(arguments: ["Range", "transfer-encoding", "X\r\nY", ""])
    func `reserved and malformed header fields are refused`(name: String) async throws {
        try await withServer { _, _ in
            false
        } test: { transport, server in
            var request = TransportRequest(url: try server.url("/"))
            request.credentials.headers = [(name, "x")]
            let error = await #expect(throws: TransferError.self) { try await transport.get(request) }
            #expect(error?.code == .invalidRequest)
        }
    }
}
