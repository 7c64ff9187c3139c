internal import FaultServer
internal import Testing

/// What an honest server does: everything that the lies are told about.
@Suite(.timeLimit(.minutes(10)))
struct HonestServerTests {
    private static let digits = Array("0123456789".utf8)
    private static let files: Content = ["f": .bytes(digits), "a b/ü": .bytes([7]), "empty": .bytes([])]

    @Test func `GET gives the file with its length and validators`() async throws {
        try await FaultServer.run(files: Self.files) { server in
            let reply = try await reply(server, "/f")
            #expect(reply.statusLine == "HTTP/1.1 200 OK")
            #expect(reply.body == Self.digits)
            #expect(reply.header("Content-Length") == "10")
            #expect(reply.header("Accept-Ranges") == "bytes")
            #expect(reply.header("ETag")?.hasPrefix("\"") == true)
            #expect(reply.header("Last-Modified") == "Wed, 01 Jan 2020 00:00:00 GMT")
            #expect(reply.end == .fin)
            let record = try #require(try await server.waitForEnd(ofRequests: 1).first)
            #expect(record.method == "GET" && record.path == "f" && record.status == 200)
            #expect(record.ending == .complete && record.bodyBytesSent == 10 && record.header("host") == "localhost")
        }
    }

    @Test(
        arguments: [
            ("bytes=0-3", 206, "0123", "bytes 0-3/10"), ("bytes=4-", 206, "456789", "bytes 4-9/10"),
            ("bytes=-3", 206, "789", "bytes 7-9/10"), ("bytes=-30", 206, "0123456789", "bytes 0-9/10"),
            ("bytes=9-99999999999999999999", 206, "9", "bytes 9-9/10"), ("Bytes=0-0", 206, "0", "bytes 0-0/10"),
            ("bytes=10-", 416, nil, "bytes */10"), ("bytes=99999999999999999999-", 416, nil, "bytes */10"),
            ("bytes=-0", 416, nil, "bytes */10"), ("bytes=5-4", 200, "0123456789", nil),
            ("bytes=0-1,4-5", 200, "0123456789", nil), ("bytes=x-", 200, "0123456789", nil),
            ("lines=0-1", 200, "0123456789", nil), ("bytes=-", 200, "0123456789", nil),
        ] as [(String, Int, String?, String?)])
    func `ranges are served as RFC 9110 specifies`(range: String, status: Int, body: String?, contentRange: String?)
        async throws
    {
        try await FaultServer.run(files: Self.files) { server in
            let reply = try await reply(server, "/f", "Range: \(range)")
            #expect(reply.status == status)
            if let body { #expect(String(decoding: reply.body, as: UTF8.self) == body) }
            #expect(reply.header("Content-Range") == contentRange)
        }
    }

    @Test func `If-Range counts only with the file's strong validator or date`() async throws {
        try await FaultServer.run(files: ["f": .bytes(Self.digits).with(etag: "\"e\"", lastModified: "then")]) {
            server in
            for (validator, status) in [("\"e\"", 206), ("\"x\"", 200), ("W/\"e\"", 200), ("then", 206), ("now", 200)] {
                let reply = try await reply(server, "/f", "Range: bytes=1-2", "If-Range: \(validator)")
                #expect(reply.status == status, "\(validator)")
            }
            server.replace(files: ["f": .bytes(Self.digits).with(etag: "W/\"e\"", lastModified: nil)])
            let weak = try await reply(server, "/f", "Range: bytes=1-2", "If-Range: W/\"e\"")
            #expect(weak.status == 200)
        }
    }

    @Test(arguments: [
        ("/missing", 404, 4), ("/a%20b/%C3%BC", 200, 1), ("/f?query=1", 200, 10), ("/empty", 200, 0),
        ("http://elsewhere/f", 200, 10),
    ])
    func `the target of a request selects its file`(target: String, status: Int, count: Int) async throws {
        try await FaultServer.run(files: Self.files) { server in
            let reply = try await reply(server, target)
            #expect(reply.status == status)
            #expect(reply.body.count == count)
        }
    }

    @Test func `HEAD has the head of GET and no body`() async throws {
        try await FaultServer.run(files: Self.files) { server in
            let reply = try await reply(server, "/f", method: "HEAD", "Range: bytes=1-2")
            #expect(reply.status == 200 && reply.header("Content-Length") == "10" && reply.body.isEmpty)
        }
    }

    @Test func `a connection serves several requests, also pipelined ones`() async throws {
        try await FaultServer.run(files: Self.files) { server in
            let port = server.port
            let replies = try await blocking {
                let client = try RawClient(port: port)
                try client.get("/f")
                try client.get("/f", "Range: bytes=2-3")
                try client.get("/f", method: "HEAD")
                let replies = [
                    try client.receiveMessage(), try client.receiveMessage(), try client.receiveMessage(isHead: true),
                ]
                try client.get("/missing")
                return replies + [try client.receiveMessage()]
            }
            #expect(replies.map(\.status) == [200, 206, 200, 404])
            #expect(replies[1].body == Array("23".utf8))
            #expect(server.connectionCount == 1)
            #expect(server.log.map(\.connection) == [0, 0, 0, 0])
        }
    }

    @Test(arguments: [
        ("nonsense\r\n\r\n", 400), ("GET /f HTTP/3\r\n\r\n", 400), ("GET /f HTTP/1.1\r\nno colon\r\n\r\n", 400),
        ("PUT /f HTTP/1.1\r\n\r\n", 405),
    ])
    func `anything but a request for a file is refused`(text: String, status: Int) async throws {
        try await expect(status, for: text)
    }

    @Test func `a head without end is refused`() async throws {
        try await expect(431, for: "GET /f HTTP/1.1\r\nA: " + String(repeating: "a", count: 70_000))
    }

    private func expect(_ status: Int, for text: String) async throws {
        try await FaultServer.run(files: Self.files) { server in
            let port = server.port
            let bytes = try await blocking {
                let client = try RawClient(port: port)
                try client.send(text)
                try client.receive { $0.contains(13) }
                return client.received
            }
            #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("HTTP/1.1 \(status) "))
        }
    }

    @Test func `a synthetic file has the same bytes however it is read`() async throws {
        let file = ServedFile.synthetic(size: 3_000_000, seed: 9)
        try await FaultServer.run(files: ["big": file]) { server in
            let whole = try await reply(server, "/big")
            #expect(whole.body == file.read(0..<3_000_000))
            #expect(
                whole.body[0] == whole.body[1_048_573] && whole.body[..<64] != whole.body[(1 << 20)..<(1 << 20 + 64)])
            let part = try await reply(server, "/big", "Range: bytes=1048570-2097160")
            #expect(part.body == Array(whole.body[1_048_570...2_097_160]))
            #expect(server.bodyBytesSent == 3_000_000 + 1_048_591)
        }
    }

    @Test func `a file replaced between requests has other bytes and another tag`() async throws {
        try await FaultServer.run(files: Self.files) { server in
            let before = try await reply(server, "/f")
            server.replace(files: ["f": .bytes(Array("9876543210".utf8))])
            let after = try await reply(server, "/f")
            #expect(before.header("ETag") != after.header("ETag"))
            #expect(after.body == Array("9876543210".utf8))
        }
    }
}
