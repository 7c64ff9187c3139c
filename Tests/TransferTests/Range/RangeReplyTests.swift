import Testing

@testable import Transfer

@Suite struct `An answer to a range request` {
    private func judge(_ text: String, total: Int64? = 100, name: String = "model.bin") throws -> RangeReply {
        try RangeReply(judging: parsedHead(text), asked: 10..<20, total: total, fileName: name)
    }

    @Test(arguments: [
        "206|content-range: bytes 10-19/100|content-length: 10",
        "206|content-range: bytes 10-19/100",
        "206|content-range: bytes 10-19/100|transfer-encoding: chunked",
        "206|content-range: Bytes 10-19/100|content-encoding: identity",
        "206|content-range: bytes 10-19/*|content-length: 10",
        "206|content-range: bytes 10-19/100|content-length: 10, 10|content-length: 10",
        "206|content-range: bytes 10-19/100|content-length: 10|content-type: text/html",
    ])
    func `the requested range is accepted`(text: String) throws {
        let reply = try judge(text)
        #expect((reply.bodyStart, reply.bodyEnd, reply.skip) == (10, 20, 0))
        #expect((reply.start, reply.end) == (10, 20))
    }

    @Test func `a shorter range is accepted`() throws {
        let reply = try judge("206|content-range: bytes 10-14/100|content-length: 5")
        #expect((reply.start, reply.end, reply.bodyLength) == (10, 15, 5))
    }

    @Test(arguments: [
        ("206|content-range: bytes 0-9/100", TransferError.Code.wrongRange),
        ("206|content-range: bytes 11-19/100", .wrongRange),
        ("206|content-range: bytes 10-20/100", .wrongRange),
        ("206", .wrongRange),
        ("206|content-range: bytes 10-19/100|content-range: bytes 10-19/100", .wrongRange),
        ("206|content-range: bytes */100", .wrongRange),
        ("206|content-range: items 10-19/100", .wrongRange),
        ("206|content-range: bytes 10-19", .wrongRange),
        ("206|content-range: bytes 10-/100", .wrongRange),
        ("206|content-range: bytes 19-10/100", .wrongRange),
        ("206|content-range: bytes +10-19/100", .wrongRange),
        ("206|content-range: bytes 10-19/15", .wrongRange),
        ("206|content-range: bytes 10-99999999999999999999/100", .wrongRange),
        ("206|content-range: bytes 10-9223372036854775807/*", .wrongRange),
        ("206|content-range: bytes 10-19/99", .wrongLength),
        ("206|content-range: bytes 10-19/100|content-length: 9", .wrongLength),
        ("206|content-range: bytes 10-19/100|content-length: 10|content-length: 11", .malformed),
        ("206|content-range: bytes 10-19/100|content-length: -10", .malformed),
        ("206|content-range: bytes 10-19/100|content-length: 1e1", .malformed),
        ("206|content-range: bytes 10-19/100|content-length: 99999999999999999999", .malformed),
        ("206|content-type: multipart/byteranges; boundary=x|content-length: 10", .wrongRange),
        ("206|content-range: bytes 10-19/100|content-encoding: gzip", .contentEncoding),
        ("206|content-range: bytes 10-19/100|transfer-encoding: gzip, chunked", .contentEncoding),
        ("206|content-range: bytes 10-19/100|content-type: text/html", .page),
        ("200|content-length: 10", .wrongLength),
        ("200|content-length: 101", .wrongLength),
        ("200|content-length: 512|content-type: text/html; charset=utf-8", .page),
        ("200|content-length: 512|content-type: Application/XML", .page),
        ("200|content-type: text/html", .page),
        ("200|content-length: 100|content-encoding: gzip", .contentEncoding),
        ("200|content-length: 90|content-encoding: br", .contentEncoding),
        ("201|content-length: 100", .unexpectedStatus),
        ("204", .unexpectedStatus),
        ("301", .unexpectedStatus),
        ("304", .unexpectedStatus),
        ("100", .unexpectedStatus),
        ("999", .unexpectedStatus),
        ("416|content-range: bytes */100", .rangeNotSatisfiable),
        ("416", .rangeNotSatisfiable),
        ("416|content-range: bytes */10", .wrongLength),
        ("401", .denied),
        ("403", .denied),
        ("404", .notFound),
        ("410", .notFound),
        ("407", .proxyRefused),
        ("418", .clientError),
        ("408", .serverBusy),
        ("425", .serverBusy),
        ("429", .serverBusy),
        ("500", .serverBusy),
        ("503", .serverBusy),
        ("599", .serverBusy),
    ])
    func `any other response is refused with its error code`(text: String, code: TransferError.Code) {
        let error = #expect(throws: TransferError.self) { try judge(text) }
        #expect(error?.code == code)
        #expect(error?.status == parsedHead(text).status)
    }

    @Test(arguments: ["200|content-length: 100", "200", "200|transfer-encoding: chunked"])
    func `a 200 is accepted and its start is skipped`(text: String) throws {
        let reply = try judge(text)
        #expect((reply.bodyStart, reply.skip, reply.start, reply.end, reply.limit) == (0, 10, 10, 20, 100))
    }

    @Test func `a web page is accepted for a file that is one`() throws {
        #expect(try judge("200|content-type: text/html", name: "docs/index.HTML").end == 20)
    }

    @Test func `an unknown size must be in the response`() throws {
        #expect(try judge("206|content-range: bytes 10-19/100", total: nil).total == 100)
        #expect(throws: TransferError.self) { try judge("206|content-range: bytes 10-19/*", total: nil) }
        #expect(throws: TransferError.self) { try judge("200|content-length: 10", total: nil) }
        #expect(try judge("200|content-length: 15", total: nil).end == 15)
    }

    @Test func `Retry-After is in the error`() {
        let text = "503|date: Sun, 06 Nov 1994 08:49:37 GMT|retry-after: "
        let wait = { (value: String) in #expect(throws: TransferError.self) { try judge(text + value) }?.retryAfter }
        #expect(wait("7") == .seconds(7))
        #expect(wait("Sun, 06 Nov 1994 08:50:00 GMT") == .seconds(23))
        #expect(wait("soon") == nil)
    }

    @Test func `errors escape control characters of the response`() {
        let error = #expect(throws: TransferError.self) { try judge("206|content-range: \u{1B}[31m\u{202E}") }
        #expect(error.map { !"\($0)".unicodeScalars.contains("\u{1B}") } == true)
        #expect(error.map { !"\($0)".unicodeScalars.contains("\u{202E}") } == true)
    }
}

@Suite struct `An answer to a request for the whole` {
    private func judge(_ text: String, total: Int64? = 100) throws -> RangeReply {
        try RangeReply(judging: parsedHead(text), asked: nil, total: total)
    }

    @Test func `a whole file is accepted with the right length or none`() throws {
        #expect(try judge("200|content-length: 100").end == 100)
        #expect(try judge("200").end == 100)
        #expect(try judge("200|content-length: 42", total: nil).end == 42)
        #expect(try judge("200", total: nil).end == nil)
        #expect(try judge("200|content-length: 0", total: 0).end == 0)
    }

    @Test(arguments: [
        ("206|content-range: bytes 0-99/100", TransferError.Code.wrongRange),
        ("200|content-length: 99", .wrongLength),
        ("416", .clientError),
    ])
    func `anything but the whole file is refused`(text: String, code: TransferError.Code) {
        #expect(#expect(throws: TransferError.self) { try judge(text) }?.code == code)
    }

    @Test func `a web page is refused for a file of unknown size`() {
        let error = #expect(throws: TransferError.self) {
            try judge("200|content-length: 42|content-type: text/html", total: nil)
        }
        #expect(error?.disposition == .page)
    }
}
