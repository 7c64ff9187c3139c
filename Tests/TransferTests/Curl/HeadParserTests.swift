import Testing

@testable import Transfer

@Suite struct `A head` {
    private func parse(_ lines: [String]) throws -> ResponseHead? {
        var parser = HeadParser()
        var result: ResponseHead?
        for line in lines {
            try Array((line + "\r\n").utf8).withUnsafeBytes { bytes in
                if let head = try parser.take(bytes) { result = head }
            }
        }
        return result
    }

    @Test func `a head has its status and its fields in lower case`() throws {
        let head = try #require(
            try parse(["HTTP/1.1 206 Partial Content", "Content-RANGE:  bytes 0-1/2 \t", "X:", "x: ü", ""]))
        #expect(head.status == 206)
        #expect(head.first("content-range") == "bytes 0-1/2")
        #expect(head.all("x") == ["", "ü"])
    }

    @Test func `a head is complete only at the blank line`() throws {
        #expect(try parse(["HTTP/1.1 200 OK", "A: b"]) == nil)
        #expect(try parse(["HTTP/2 200", ""])?.status == 200)
    }

    @Test func `1xx responses and trailers are ignored`() throws {
        let head = try #require(
            try parse(["HTTP/1.1 103 Early Hints", "Link: x", "", "HTTP/1.1 200 OK", "A: b", "", "Trailer: c"]))
        #expect(head.status == 200)
        #expect(head.fields.map(\.name) == ["a"])
    }

    @Test(arguments: [
        ["HTTP/1.1 200 OK", "A: b", " folded"], ["HTTP/1.1 200 OK", "no colon"], ["HTTP/1.1 200 OK", ": empty"],
        ["HTTP/1.1 200 OK", "Content-Length : 5"], ["HTTP/1.1 2000 OK"], ["HTTP/1.1 abc"], ["HTTP/1.1 099 x"],
        ["ICY 200"],
        ["HTTP/1.1 200 OK", "A: " + String(repeating: "x", count: 17_000)],
        ["HTTP/1.1 200 OK"] + Array(repeating: "A: " + String(repeating: "x", count: 1000), count: 70),
        ["HTTP/1.1 200 OK"] + Array(repeating: "A: b", count: 257),
        (0..<70).flatMap { _ in ["HTTP/1.1 100 Continue", "A: " + String(repeating: "x", count: 1000), ""] },
    ])
    func `a malformed or endless head is refused`(lines: [String]) {
        #expect(#expect(throws: TransferError.self) { try parse(lines) }?.code == .malformed)
    }
}
