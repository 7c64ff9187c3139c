import Testing

@testable import Transfer

/// What came of a body: `10:[1, 2]`, `skip 5`.
private func pieces(of body: RangeBody) async throws -> [String] {
    var result: [String] = []
    while let piece = try await body.next() {
        switch piece {
        case .bytes(let offset, let chunk): result.append("\(offset):\(chunk.withBytes { Array($0) })")
        case .skipped(let count): result.append("skip \(count)")
        }
    }
    return result
}

@Suite(.timeLimit(.minutes(10))) struct `A range fetch` {
    private func request(_ range: Range<Int64>? = 10..<14, total: Int64? = 20) throws -> FetchRequest {
        FetchRequest(url: try HTTPURL(parsing: "https://h/f"), range: range, total: total)
    }

    private func open(_ answer: ScriptedTransport.Answer, range: Range<Int64>? = 10..<14) async throws -> RangeBody {
        try await RangeFetcher(ScriptedTransport(answer)).open(try request(range))
    }

    private let part = "206|content-range: bytes 10-13/20"

    @Test func `bytes are delivered with their offsets`() async throws {
        let body = try await open(.init(part, body: [[1, 2], [3, 4]]))
        #expect(try await pieces(of: body) == ["10:[1, 2]", "12:[3, 4]"])
        #expect(body.bytesReceived == 4)
        #expect(try await body.next() == nil)
    }

    @Test func `bytes outside the range are skipped`() async throws {
        let whole = (0..<20).map { UInt8($0) }
        let body = try await open(.init("200|content-length: 20", body: [Array(whole[..<4]), Array(whole[4...])]))
        #expect(try await pieces(of: body) == ["skip 4", "skip 6", "10:[10, 11, 12, 13]"])
        #expect(body.bytesReceived == 20)
    }

    @Test func `whole chunks are skipped`() async throws {
        let zeros = [UInt8](repeating: 0, count: 10)
        let body = try await open(.init("200", body: [zeros, [1, 2, 3, 4], [5, 6, 7, 8, 9, 10]]))
        #expect(try await pieces(of: body) == ["skip 10", "10:[1, 2, 3, 4]"])
    }

    @Test(arguments: [[[1, 2, 3, 4, 5]], [[1, 2, 3, 4], [5]], [[1, 2, 3, 4], [], [5]]] as [[[UInt8]]])
    func `a body that is too long is refused after its good bytes`(chunks: [[UInt8]]) async throws {
        let body = try await open(.init(part, body: chunks))
        guard case .bytes(10, let chunk)? = try await body.next() else {
            Issue.record("no bytes")
            return
        }
        #expect(chunk.count == 4)
        let error = await #expect(throws: TransferError.self) { try await body.next() }
        #expect(error?.code == .overlong)
        #expect(error?.offset == 14)
    }

    @Test func `a whole file that is too long is refused`() async throws {
        let body = try await open(.init("200", body: [Array(repeating: 0, count: 21)]), range: nil)
        _ = try await body.next()
        #expect(await #expect(throws: TransferError.self) { try await body.next() }?.code == .overlong)
    }

    @Test func `the error of a short body has its offset`() async throws {
        let body = try await open(.init(part, body: [[1, 2, 3]]))
        _ = try await body.next()
        let error = await #expect(throws: TransferError.self) { try await body.next() }
        #expect(error?.code == .short)
        #expect(error?.offset == 13)
        #expect(error?.disposition == .retry)
    }

    @Test func `a lost connection is an error only before the last byte`() async throws {
        let lost = TransferError(.connectionLost)
        let broken = try await open(.init(part, body: [[1]], failure: lost))
        _ = try await broken.next()
        #expect(await #expect(throws: TransferError.self) { try await broken.next() }?.offset == 11)
        let whole = try await open(.init(part, body: [[1, 2, 3, 4]], failure: lost))
        #expect(try await pieces(of: whole) == ["10:[1, 2, 3, 4]"])
    }

    /// A limit that is over at once.
    private let impatient = TimeLimit { _ in }

    @Test(arguments: [[[1, 2, 3, 4]], [[1, 2], [], [3, 4]]] as [[[UInt8]]])
    func `the end of a body is not awaited after its last byte`(chunks: [[UInt8]]) async throws {
        let transport = ScriptedTransport(.init(part, body: chunks, hangs: true))
        let body = try await RangeFetcher(transport, limit: impatient).open(try request())
        var count = 0
        while let piece = try await body.next() {
            if case .bytes(_, let chunk) = piece { count += chunk.count }
        }
        #expect(count == 4)
        #expect(try await body.next() == nil)
        #expect(transport.answered.first?.isCancelled == true)
    }

    @Test func `the body of a redirect is not awaited`() async throws {
        let redirect = ScriptedTransport.Answer("302|location: https://h/g|content-length: 9", body: [[1]], hangs: true)
        let transport = ScriptedTransport(redirect, .init(part, body: [[1, 2, 3, 4]]))
        let body = try await RangeFetcher(transport, limit: impatient).open(try request())
        #expect(try await body.next() != nil)
        #expect(transport.answered.first?.isCancelled == true)
    }

    @Test func `a whole file is requested where ranges are refused, and bytes before the range are skipped`()
        async throws
    {
        let transport = ScriptedTransport(.init("200|content-length: 20", body: [(0..<20).map { UInt8($0) }]))
        var wanted = try request()
        wanted.asksForWhole = true
        wanted.validator = Validator(journalForm: #"etag:"x""#)
        let body = try await RangeFetcher(transport).open(wanted)
        #expect(transport.requests.map(\.range) == [nil] && transport.requests.map(\.ifRange) == [nil])
        #expect(try await pieces(of: body) == ["skip 10", "10:[10, 11, 12, 13]"])
    }

    @Test func `a file of unknown size is read to its end`() async throws {
        let transport = ScriptedTransport(.init("200", body: [[1], [2]]))
        let body = try await RangeFetcher(transport).open(try request(nil, total: nil))
        #expect(try await pieces(of: body) == ["0:[1]", "1:[2]"])
    }

    @Test func `If-Range is sent only with a range`() async throws {
        let transport = ScriptedTransport(.init(part), .init("200"))
        var wanted = try request()
        wanted.validator = Validator(journalForm: #"etag:"x""#)
        _ = try await RangeFetcher(transport).open(wanted)
        wanted.range = nil
        _ = try await RangeFetcher(transport).open(wanted)
        #expect(transport.requests.map(\.ifRange) == [#""x""#, nil])
    }

    @Test func `redirects do not take credentials to other origins`() async throws {
        let transport = ScriptedTransport(
            .init("302|location: https://cdn/x?sig=hunter2"), .init("302|location: https://h/g"), .init(part))
        var wanted = try request()
        wanted.credentials.userinfo = ("u", "p")
        let body = try await RangeFetcher(transport).open(wanted)
        #expect(transport.requests.map { $0.credentials.userinfo != nil } == [true, false, true])
        #expect(transport.requests.allSatisfy { $0.range == 10..<14 })
        #expect(body.url.absoluteString == "https://h/g")
    }

    @Test func `credentials for another origin are not sent`() async throws {
        let transport = ScriptedTransport(.init(part))
        var wanted = try request()
        wanted.credentials.headers = [("X-Token", "hunter2")]
        wanted.credentialsOrigin = try HTTPURL(parsing: "https://other/").origin
        _ = try await RangeFetcher(transport).open(wanted)
        #expect(transport.requests.map(\.credentials.isEmpty) == [true])
    }

    @Test func `a redirect is followed again once after a 403`() async throws {
        let redirect = ScriptedTransport.Answer("302|location: https://cdn/x")
        let transport = ScriptedTransport(redirect, .init("403"), redirect, .init(part))
        _ = try await RangeFetcher(transport).open(try request())
        #expect(transport.requests.count == 4)
        let stubborn = ScriptedTransport(redirect, .init("403"), redirect, .init("403"))
        let error = await #expect(throws: TransferError.self) { try await RangeFetcher(stubborn).open(try request()) }
        #expect(error?.code == .denied)
        #expect(error?.url == "https://cdn/x")
        let direct = ScriptedTransport(.init("403"))
        await #expect(throws: TransferError.self) { try await RangeFetcher(direct).open(try request()) }
        #expect(direct.requests.count == 1)
    }

    @Test func `a refused response has its URL and offset`() async throws {
        let other = ScriptedTransport.Answer("206|content-range: bytes 0-3/20")
        let error = await #expect(throws: TransferError.self) { try await open(other) }
        #expect(error?.code == .wrongRange)
        #expect(error?.url == "https://h/f")
        #expect(error?.offset == 10)
        await #expect(throws: TransferError.self) { try await open(.init("200"), range: 3..<3) }
    }
}
