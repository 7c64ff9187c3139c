internal import FaultServer
internal import Foundation
internal import Testing

/// Each word of the vocabulary, seen from the socket.
@Suite(.timeLimit(.minutes(10)))
struct FaultTests {
    static let digits = Array("0123456789".utf8)
    static let files: Content = [
        "f": .bytes(digits).with(etag: "\"e\"", lastModified: "then"), "other": .bytes(Array("abcdefghij".utf8)),
    ]

    /// A reply as a pattern: what is `nil` is not looked at; a field's value of `nil` means that there is none.
    struct Expected: Sendable {
        var status = 200
        var fields: [String: String?] = [:]
        var body: String? = "0123456789"
        var end = RawClient.End.fin
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var faults: [Fault]
        var headers: [String] = []
        var expected: Expected

        init(_ faults: Fault..., headers: [String] = [], gives expected: Expected) {
            (self.faults, self.headers, self.expected) = (faults, headers, expected)
        }

        var testDescription: String { "\(faults) \(headers)" }
    }

    @Test(arguments: [
        // How the body ends.
        Case(.drop(after: 4), gives: .init(fields: ["content-length": "10"], body: "0123")),
        Case(.drop(after: 0), gives: .init(fields: ["content-length": "10"], body: "")),
        Case(.drop(after: 11), gives: .init()),
        Case(.truncate(missing: 1), gives: .init(fields: ["content-length": "10"], body: "012345678")),
        Case(.reset(after: 4), gives: .init(fields: ["content-length": "10"], body: "0123", end: .reset)),
        Case(.overrun(by: 3), gives: .init(fields: ["content-length": "10"], body: "0123456789+++")),
        // Another reply altogether.
        Case(.status(503, retryAfter: .seconds(7)), gives: .init(status: 503, fields: ["retry-after": "7"], body: nil)),
        Case(
            .status(429, retryAfter: .raw("soon")),
            gives: .init(status: 429, fields: ["retry-after": "soon"], body: nil)),
        Case(.status(404, body: "gone"), gives: .init(status: 404, fields: ["content-length": "4"], body: "gone")),
        Case(.authorization(required: "Basic x"), gives: .init(status: 401, body: nil)),
        Case(.authorization(required: "Basic x"), headers: ["Authorization: Basic x"], gives: .init()),
        Case(
            .redirect(to: "http://h/{target}"), gives: .init(status: 302, fields: ["location": "http://h/f"], body: nil)
        ),
        Case(.redirect(status: 307, to: "g"), gives: .init(status: 307, fields: ["location": "g"], body: nil)),
        Case(
            .redirectRaw(status: 301, location: [47, 1, 27]),
            gives: .init(status: 301, fields: ["location": "/\u{1}\u{1b}"], body: nil)),
        Case(.redirectLoop(), gives: .init(status: 302, fields: ["location": "/f?loop=1"], body: nil)),
        Case(
            .captivePortal(html: "<p>"),
            gives: .init(fields: ["content-type": "text/html; charset=utf-8", "content-length": "3"], body: "<p>")),
        Case(
            .captivePortal(html: "<p>", withLength: false), gives: .init(fields: ["content-length": nil], body: "<p>")),
        Case(
            .captivePortal(html: "<p>", padded: true),
            gives: .init(fields: ["content-length": "10"], body: "<p>       ")),
        // Ranges.
        Case(.ignoreRange, headers: ["Range: bytes=2-3"], gives: .init(fields: ["content-range": nil])),
        Case(
            .ignoreRangeIfConditional, headers: ["Range: bytes=2-3"],
            gives: .init(status: 206, fields: ["content-range": "bytes 2-3/10"], body: "23")),
        Case(.ignoreRangeIfConditional, headers: ["Range: bytes=2-3", "If-Range: \"e\""], gives: .init()),
        Case(
            .otherRange(start: 5, end: 6), headers: ["Range: bytes=2-3"],
            gives: .init(status: 206, fields: ["content-range": "bytes 5-6/10"], body: "56")),
        Case(
            .shortRange(bytes: 3), headers: ["Range: bytes=2-8"],
            gives: .init(
                status: 206, fields: ["content-range": "bytes 2-4/10", "content-length": "3"], body: "234")),
        Case(.shortRange(bytes: 3), headers: ["Range: bytes=8-"], gives: .init(status: 206, body: "89")),
        Case(.shortRange(bytes: 3), gives: .init()),
        Case(
            .contentRange(start: 0), headers: ["Range: bytes=2-3"],
            gives: .init(status: 206, fields: ["content-range": "bytes 0-3/10"], body: "23")),
        Case(
            .contentRange(end: 9, total: 99), headers: ["Range: bytes=2-3"],
            gives: .init(status: 206, fields: ["content-range": "bytes 2-9/99"], body: "23")),
        Case(
            .contentRangeRaw(value: "rubbish"), headers: ["Range: bytes=2-3"],
            gives: .init(status: 206, fields: ["content-range": "rubbish"], body: "23")),
        Case(
            .noContentRange, headers: ["Range: bytes=2-3"],
            gives: .init(status: 206, fields: ["content-range": nil], body: "23")),
        Case(
            .multipartRange, headers: ["Range: bytes=2-3"],
            gives: .init(
                status: 206,
                fields: [
                    "content-range": nil, "content-type": "multipart/byteranges; boundary=fault-server-boundary",
                ],
                body: "--fault-server-boundary\r\nContent-Type: application/octet-stream\r\n"
                    + "Content-Range: bytes 2-3/10\r\n\r\n23\r\n--fault-server-boundary--\r\n")),
        // Length and framing.
        Case(.contentLength(value: "12x"), gives: .init(fields: ["content-length": "12x"])),
        Case(.contentLengths(values: ["{length}", "99"]), gives: .init(fields: ["content-length": "10"])),
        Case(
            .chunked,
            gives: .init(
                fields: ["content-length": nil, "transfer-encoding": "chunked"], body: "a\r\n0123456789\r\n0\r\n\r\n")),
        Case(.chunked, .drop(after: 4), gives: .init(body: "4\r\n0123\r\n")),
        Case(.tinyChunks, .drop(after: 2), gives: .init(body: "1\r\n0\r\n1\r\n1\r\n")),
        Case(.closeDelimited, gives: .init(fields: ["content-length": nil, "transfer-encoding": nil])),
        Case(.closeConnection(), gives: .init(fields: ["connection": "close"])),
        // Identity.
        Case(
            .etag(value: "\"n\""), headers: ["Range: bytes=2-", "If-Range: \"e\""],
            gives: .init(fields: ["etag": "\"n\""])),
        Case(.weakETag, headers: ["Range: bytes=2-", "If-Range: \"e\""], gives: .init(fields: ["etag": "W/\"e\""])),
        Case(.noETag, gives: .init(fields: ["etag": nil])),
        Case(.lastModified(value: "never"), gives: .init(fields: ["last-modified": "never"])),
        Case(.noLastModified, gives: .init(fields: ["last-modified": nil])),
        // Bytes.
        Case(.content(of: "other"), gives: .init(body: "abcdefghij")),
        Case(.content(of: "other", keepValidators: true), gives: .init(fields: ["etag": "\"e\""], body: "abcdefghij")),
        Case(.flip(offset: 3, mask: 1), gives: .init(body: "0122456789")),
        Case(.flip(offset: 3, mask: 1), headers: ["Range: bytes=3-4"], gives: .init(status: 206, body: "24")),
        Case(.flip(offset: 3, mask: 1), headers: ["Range: bytes=4-5"], gives: .init(status: 206, body: "45")),
        Case(.shiftBody(by: 4), gives: .init(fields: ["content-length": "10"], body: "4567890123")),
        Case(
            .shiftBody(by: -1), headers: ["Range: bytes=2-3"],
            gives: .init(status: 206, fields: ["content-range": "bytes 2-3/10"], body: "12")),
        Case(.contentEncoding(value: "br"), gives: .init(fields: ["content-encoding": "br"])),
        Case(.gzip, gives: .init(fields: ["content-encoding": "gzip", "content-length": "33"], body: nil)),
        // The head.
        Case(.header("Content-MD5", "AA"), gives: .init(fields: ["content-md5": "AA"])),
        Case(.removeHeader(name: "accept-ranges"), gives: .init(fields: ["accept-ranges": nil])),
        Case(
            .hugeHeader(bytes: 200_000), gives: .init(fields: ["x-huge": String(repeating: "x", count: 200_000)])),
        Case(.slowHead(millisecondsPerByte: 0), gives: .init()),
        Case(.delay(milliseconds: 1), gives: .init()),
        Case(.rate(1 << 30), gives: .init()), Case(.rate(500, shared: true), gives: .init()),
        // Together.
        Case(
            .status(500, body: "0123456789"), .drop(after: 2), .header("A", "b"),
            gives: .init(status: 500, fields: ["a": "b", "content-length": "10"], body: "01")),
    ])
    func `each fault changes the response as described`(_ one: Case) async throws {
        try await FaultServer.run(files: Self.files, script: FaultScript([FaultRule(faults: one.faults)])) { server in
            let (bytes, end) = try await exchange(server, "/f", one.headers)
            let reply = try #require(RawReply(bytes))
            #expect(reply.status == one.expected.status)
            for (name, value) in one.expected.fields { #expect(reply.header(name) == value) }
            if let body = one.expected.body { #expect(String(decoding: reply.body, as: UTF8.self) == body) }
            #expect(end == one.expected.end)
            let record = try #require(try await server.waitForEnd(ofRequests: 1).first)
            #expect(record.status == one.expected.status && record.faults == one.faults)
        }
    }

    @Test(
        arguments: [
            (.closeBeforeHead, "", .fin), (.resetBeforeHead, "", .reset),
            (.stallBeforeHead, "", .silence), (.closeInHead(after: 12), "HTTP/1.1 200", .fin),
            (.raw(bytes: [72, 9, 105]), "H\ti", .fin),
            (.garbageHead, "\u{0}\u{1}SSH-2.0 no HTTP\r\n\r\n", .fin), (.refuseConnections(milliseconds: 1), "", .fin),
        ] as [(Fault, String, RawClient.End)])
    func `a response without a head has just the given bytes`(fault: Fault, text: String, end: RawClient.End)
        async throws
    {
        try await FaultServer.run(files: Self.files, script: .always(fault)) { server in
            let seen = try await exchange(server, "/f", patience: end == .silence ? 100 : 120_000)
            #expect(String(decoding: seen.bytes, as: UTF8.self) == text)
            #expect(seen.end == end)
            let record = try #require(try await server.waitForEnd(ofRequests: 1).first)
            #expect(record.status == nil)
        }
    }

    @Test func `two lengths are sent as two fields`() async throws {
        try await FaultServer.run(files: Self.files, script: .always(.contentLengths(values: ["{length}", "9"]))) {
            server in
            let lengths = try await reply(server, "/f").fields.filter { $0.name == "Content-Length" }
            #expect(lengths.map(\.value) == ["10", "9"])
        }
    }

    @Test func `interim responses come before the final head`() async throws {
        try await FaultServer.run(files: Self.files, script: .always(.interim(status: 100, count: 2))) { server in
            let text = String(decoding: try await exchange(server, "/f").bytes, as: UTF8.self)
            let interim = "HTTP/1.1 100 Continue\r\nX-Interim: yes\r\n\r\n"
            #expect(text.hasPrefix(interim + interim + "HTTP/1.1 200 OK\r\n"))
        }
    }

    @Test func `an HTTP/1.0 response has its version and closes the connection`() async throws {
        try await FaultServer.run(files: Self.files, script: .always(.http10)) { server in
            let reply = try await reply(server, "/f")
            #expect(reply.statusLine == "HTTP/1.0 200 OK" && reply.end == .fin)
        }
    }

    @Test func `a flapping ETag alternates between requests`() async throws {
        try await FaultServer.run(files: Self.files, script: .always(.flappingETag)) { server in
            var tags: [String?] = []
            for _ in 0..<4 { tags.append(try await reply(server, "/f").header("ETag")) }
            #expect(tags == ["\"e\"", "\"e-flap\"", "\"e\"", "\"e-flap\""])
        }
    }

    @Test(arguments: [(30, true), (-30, false)])
    func `Retry-After can be a future or past date`(offset: Int, isFuture: Bool) async throws {
        let script = FaultScript.always(.status(503, retryAfter: .date(secondsFromNow: offset)))
        try await FaultServer.run(files: Self.files, script: script) { server in
            let value = try #require(try await reply(server, "/f").header("Retry-After"))
            let format = DateFormatter()
            format.locale = Locale(identifier: "en_US_POSIX")
            format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
            format.timeZone = TimeZone(secondsFromGMT: 0)
            let date = try #require(format.date(from: value))
            #expect((date > Date()) == isFuture)
        }
    }

    @Test func `a gzip body is valid gzip`() async throws {
        try await FaultServer.run(files: Self.files, script: .always(.gzip)) { server in
            let body = try await reply(server, "/f").body
            // Magic number; one final stored block of ten bytes; CRC-32 of "0123456789"; its length.
            #expect(body[..<3] == [0x1f, 0x8b, 8])
            #expect(body[10..<15] == [1, 10, 0, 0xf5, 0xff])
            #expect(Array(body[15..<25]) == Self.digits)
            #expect(body[25...] == [0xc6, 0xc7, 0x84, 0xa6, 10, 0, 0, 0])
        }
    }
}
