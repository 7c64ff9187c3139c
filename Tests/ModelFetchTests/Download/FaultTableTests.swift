import FaultServer
import Testing
import Transfer

@testable import ModelFetch

/// One thing that servers do wrong, and what must come of it.
struct FaultCase: Sendable, CustomTestStringConvertible {
    var name: String
    /// One server each, in order of rank.
    var scripts: [FaultScript]
    /// `nil`: the file is there and right.
    var kind: Failure.Kind?
    /// Body bytes that all servers together may send, in multiples of the file's size.
    var bound: Double
    /// How often each server is asked, if that is certain.
    var requests: [Int]?
    /// Stands in the failure or an event.
    var says: String?
    /// Whether a server is to be given up that sends nothing. It takes some seconds, so that a busy machine is not taken for one.
    var isStall: Bool

    init(
        _ name: String, _ scripts: FaultScript..., kind: Failure.Kind? = nil, bound: Double = 1.1,
        requests: [Int]? = nil, says: String? = nil, isStall: Bool = false
    ) {
        self.name = name
        self.scripts = scripts
        self.kind = kind
        self.bound = bound
        self.requests = requests
        self.says = says
        self.isStall = isStall
    }

    var testDescription: String { name }
}

@Suite struct `A download from servers that` {
    static let size = Int64(TestModel.bigSize)
    static let half: Int64 = 700_000

    /// Faults that pass: the same server is asked again.
    static let passing: [FaultCase] = [
        .init("are honest", .honest, bound: 1, requests: [1]),
        .init("reset", [.on(request: 0, .reset(after: half))], bound: 1.6, requests: [2]),
        .init("truncate", [.on(request: 0, .truncate(missing: 1))], bound: 1, requests: [2]),
        .init(
            "stall", [.on(request: 0, .stall(after: half))], bound: 1.2, requests: [2], isStall: true),
        .init("drip", [.on(request: 0, .rate(100))], bound: 1.1, says: "stalled", isStall: true),
        .init("stall before the head", [.on(request: 0, .stallBeforeHead)], bound: 1, requests: [2], isStall: true),
        .init("close before the head", [.on(request: 0, .closeBeforeHead)], bound: 1),
        .init("reset before the head", [.on(request: 0, .resetBeforeHead)], bound: 1),
        .init("close in the head", [.on(request: 0, .closeInHead(after: 20))], bound: 1),
        .init("send chunks without a length", .always(.chunked), bound: 1, requests: [1]),
        .init("end the body by closing", .always(.closeDelimited), bound: 1, requests: [1]),
        .init("drop a body without a length", [.on(request: 0, .closeDelimited, .drop(after: half))], bound: 1),
        .init("drop between chunks", [.on(request: 0, .chunked, .drop(after: half))], bound: 1.1),
        .init("speak HTTP/1.0", .always(.http10), bound: 1, requests: [1]),
        .init("send interim replies", .always(.interim(count: 3)), bound: 1, requests: [1]),
        .init("answer 416 for once", [.on(request: 0, .drop(after: half)), .on(request: 1, .status(416))], bound: 1),
        .init("answer 503 for once", [.on(request: 0, .status(503))], bound: 1.01, requests: [2]),
        .init("answer 429 for once", [.on(requests: 0...1, .status(429))], bound: 1.01, requests: [3]),
        .init("answer 408", [.on(request: 0, .status(408))], bound: 1.01, requests: [2]),
        .init(
            "answer with a moment in the past", [.on(request: 0, .status(503, retryAfter: .date(secondsFromNow: -9)))],
            bound: 1.01, requests: [2]),
        .init(
            "are a portal for a while", [.on(requests: 0...1, .captivePortal())], bound: 1.01, requests: [3],
            says: "web page"),
        .init(
            "become a portal in mid-download",
            [.on(request: 0, .drop(after: half)), .on(request: 1, .captivePortal(withLength: false))], bound: 1.01,
            requests: [3], says: "web page"),
        .init("ignore ranges", [.on(.ignoreRange), .on(request: 0, .drop(after: half))], bound: 1.6, requests: [2]),
        .init(
            "ignore ranges with If-Range",
            [.on(.ignoreRangeIfConditional), .on(request: 0, .drop(after: half))], bound: 1.6, requests: [2]),
        .init(
            "send too much, but first what is right", [.on(.overrun(by: 9))], bound: 1.01, requests: [1]),
        .init("go on for ever after the right bytes", [.on(.endlessBody)], bound: 40),
        .init(
            "close without saying so", [.on(.closeConnection(announced: false))], bound: 1, requests: [1]),
        .init("cut every connection after 40 KiB", .always(.drop(after: 40 << 10)), bound: 1),
        .init("cut every connection after 6 KiB", .always(.drop(after: 6 << 10)), bound: 1),
        .init(
            "answer 404 for once after the first bytes",
            [.on(request: 0, .drop(after: half)), .on(request: 1, .status(404))], bound: 1, requests: [3], says: "404"),
        .init(
            "answer 403 for a while after the first bytes",
            [.on(request: 0, .drop(after: half)), .on(requests: 1...3, .status(403))], bound: 1, requests: [5]),
        .init(
            "answer 404 for ever after the first bytes",
            [.on(request: 0, .drop(after: half)), .on(requests: 1...99, .status(404))], kind: .unavailable, bound: 1,
            requests: [5], says: "404"),
        .init("redirect within themselves", [.on(request: 0, .redirect(to: "/{target}?again"))], bound: 1.01),
    ]

    /// Servers that deliver whole files, and refuse every range: the whole is asked for, and what is here is skipped.
    static let refusingRanges: [FaultCase] = [(400, 3), (416, 4), (500, 4), (501, 3)].map { status, requests in
        .init(
            "answer \(status) to every range",
            [.on(request: 0, .drop(after: half)), .on(offsets: 1..<size, .status(status))],
            bound: 1.6, requests: [requests])
    }

    /// Answers that speak against the source: another one delivers.
    static let failingOver: [FaultCase] = [
        .init("401", .always(.status(401)), kind: .unavailable, requests: [1], says: "401"),
        .init("403", .always(.status(403)), kind: .unavailable, requests: [1], says: "403"),
        .init("404", .always(.status(404)), kind: .unavailable, requests: [1], says: "404"),
        .init("410", .always(.status(410)), kind: .unavailable, requests: [1], says: "410"),
        .init("200 with a page and its length", .always(.captivePortal()), kind: .refused, requests: [4]),
        .init("a page without a length", .always(.captivePortal(withLength: false)), kind: .refused, requests: [4]),
        .init("another length", .always(.contentLength(value: "12")), kind: .refused, requests: [1]),
        .init("no number for a length", .always(.contentLength(value: "many")), kind: .refused),
        .init("two lengths", .always(.contentLengths(values: ["{length}", "12"])), kind: .refused),
        .init("gzip", .always(.gzip), kind: .refused, requests: [1], says: "gzip"),
        .init("a label of an encoding", .always(.contentEncoding(value: "br")), kind: .refused, requests: [1]),
        .init("endless headers", .always(.endlessHeaders), kind: .refused),
        .init("a header beyond all measure", .always(.hugeHeader(bytes: 300_000)), kind: .refused),
        .init("a redirect loop", .always(.redirectLoop()), kind: .refused, requests: [11]),
        .init("a redirect to itself", .always(.redirect(to: "/{target}")), kind: .refused, requests: [1]),
        .init("a redirect to a file", .always(.redirect(to: "file:///etc/passwd")), kind: .refused, requests: [1]),
        .init("a redirect by FTP", .always(.redirect(to: "ftp://127.0.0.1/x")), kind: .refused, requests: [1]),
        .init("a redirect with controls", .always(.redirectRaw(location: [47, 27, 65])), kind: .refused),
        .init("206 to a whole request", .always(.otherRange(start: 0, end: 9)), kind: .refused, requests: [1]),
        .init("400", .always(.status(400)), kind: .unavailable, requests: [1]),
        .init("204", .always(.status(204)), kind: .refused, requests: [1]),
        .init("bytes without HTTP", .always(.garbageHead), kind: .refused),
    ]

    /// Lies about the rest of a file of which one half came.
    static let lyingOnResume: [FaultCase] = [
        ("another range", Fault.otherRange(start: 5, end: 99_999)), ("a start that lies", .contentRange(start: 5)),
        ("an end that lies", .contentRange(end: 4_000_000)), ("another total", .contentRange(total: 7_000_000)),
        ("no Content-Range", .noContentRange), ("a broken Content-Range", .contentRangeRaw(value: "bytes 0-")),
        ("several parts", .multipartRange), ("gzip in mid-download", .gzip),
    ].map { name, fault in
        .init(name, [.on(request: 0, .drop(after: half)), .on(requests: 1...99, fault)], kind: .refused, bound: 1.6)
    }

    /// Wrong bytes under a right head.
    static let wrongBytes: [FaultCase] = [
        .init("flip a byte once", [.on(request: 0, .flip(offset: 4711, mask: 1))], bound: 2, requests: [2]),
        .init("flip a byte always", .always(.flip(offset: 4711, mask: 1)), kind: .data, bound: 2, requests: [2]),
        .init(
            "flip a byte, the first of two", .always(.flip(offset: 4711, mask: 1)), .honest, bound: 2, requests: [1, 1]),
        .init("send bytes from elsewhere", .always(.shiftBody(by: 1)), kind: .data, bound: 2, requests: [2]),
        .init(
            "send bytes from elsewhere on resuming",
            [.on(request: 0, .drop(after: half)), .on(request: 1, .shiftBody(by: 1))], bound: 2.1),
        .init("pad a page to the length", .always(.captivePortal(padded: true)), kind: .data, bound: 2),
        .init("have another file", .always(.content(of: "other.data")), kind: .data, bound: 2),
        .init(
            "exchange the file in mid-download, and drop again",
            [
                .on(request: 0, .content(of: "other.data"), .drop(after: half)),
                .on(request: 1, .drop(after: 100_000)),
            ], bound: 2.1, says: "file changed"),
        .init(
            "exchange the file under the same validators",
            [.on(request: 0, .content(of: "other.data", keepValidators: true), .drop(after: half))], bound: 2.1),
        .init(
            "flap their ETag", [.on(.flappingETag), .on(requests: 0...2, .drop(after: 300_000))], bound: 3),
        .init(
            "flap their ETag and are wrong",
            [.on(.flappingETag, .flip(offset: 4711, mask: 1)), .on(requests: 0...2, .drop(after: half))], kind: .data,
            bound: 9),
        .init(
            "flap their ETag, are wrong and always drop",
            [.on(.flappingETag, .flip(offset: 4711, mask: 1), .drop(after: half))], kind: .data, bound: 12),
        .init(
            "each are wrong in another half",
            [.on(.flip(offset: 4711, mask: 1), .drop(after: half))], .always(.flip(offset: 900_000, mask: 1)),
            kind: .data, bound: 9),
        .init(
            "fail when wrong, while the second is right", [.on(.flip(offset: 4711, mask: 1), .drop(after: half))],
            .honest, bound: 4),
        .init(
            "fail when right, while the second is wrong", [.on(.drop(after: half))],
            .always(.flip(offset: 900_000, mask: 1)), bound: 6),
    ]

    private func run(
        _ scripts: [FaultScript], isStall: Bool = false, of harness: Harness
    ) async throws -> (Harness.Outcome, [[RequestRecord]]) {
        var content = harness.model.content
        content.files["other.data"] = TestModel.other.served
        var servers: [FaultServer] = []
        for script in scripts { servers.append(try await FaultServer.start(files: content, script: script)) }
        let setup = Harness.Setup { if isStall { $0.options.stallTimeout = .seconds(4) } }
        let outcome = try await harness.run(from: servers.map(\.baseURL), setup: setup)
        for server in servers { await server.stop() }
        return (outcome, servers.map(\.log))
    }

    private func check(_ test: FaultCase) async throws {
        let harness = try Harness()
        let (outcome, logs) = try await run(test.scripts, isStall: test.isStall, of: harness)
        #expect(outcome.report.kind == test.kind, "\(outcome.report.failures)")
        #expect(outcome.report.isOK == (test.kind == nil))
        let sent = logs.joined().reduce(0) { $0 + $1.bodyBytesSent }
        #expect(Double(sent) <= Double(Self.size) * test.bound + 1000, "\(sent) bytes were sent")
        if let requests = test.requests { #expect(logs.map(\.count) == requests) }
        if let says = test.says { #expect(outcome.words.contains(says), "\(outcome.words)") }
        // What was not believed stays where the next run finds it, and never under the final name.
        if test.kind != nil { #expect(!harness.folder.has("model.data")) }
    }

    @Test(.timeLimit(.minutes(10)), arguments: passing)
    func `are bad for a moment`(test: FaultCase) async throws { try await check(test) }

    @Test(.timeLimit(.minutes(10)), arguments: refusingRanges)
    func `refuse ranges`(test: FaultCase) async throws { try await check(test) }

    @Test(.timeLimit(.minutes(10)))
    func `refuse connections for a while`() async throws {
        let harness = try Harness()
        let script: FaultScript = [.on(request: 0, .gate(after: Self.half), .drop(after: Self.half + 1000))]
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            let refusals = AsyncStream<Void>.makeStream()
            // It listens again when a few attempts after the one that broke off have found nobody, however long they take.
            let back = Task {
                for await _ in refusals.stream.prefix(4) {}
                try await server.listenAgain()
            }
            let setup = Harness.Setup { $0.options.retries = 1_000_000 }
            let run = Task {
                try await harness.run(server, setup: setup) { event in
                    if case .retrying = event { refusals.continuation.yield() }
                }
            }
            try await server.wait { $0.contains(where: \.stalled) }
            await server.stopListening()
            server.openGates()
            let outcome = try await run.value
            refusals.continuation.finish()
            try await back.value
            #expect(outcome.report.isOK, "\(outcome.report.failures)")
            #expect(server.log.count == 2 && server.bodyBytesSent == Self.size)
        }
    }

    @Test(.timeLimit(.minutes(10)), arguments: failingOver + lyingOnResume)
    func `answer wrongly`(test: FaultCase) async throws { try await check(test) }

    @Test(.timeLimit(.minutes(10)), arguments: wrongBytes)
    func `send wrong bytes`(test: FaultCase) async throws { try await check(test) }

    @Test(.timeLimit(.minutes(10)), arguments: failingOver + lyingOnResume)
    func `answer wrongly, until the next one delivers`(test: FaultCase) async throws {
        let harness = try Harness()
        let (outcome, logs) = try await run(test.scripts + [.honest], of: harness)
        #expect(outcome.report.isOK, "\(outcome.report.failures)")
        // What is final for one source needs no second question; only a page may go away.
        if test.requests == [1] { #expect(logs[0].count == 1) }
        #expect(logs[1].count == 1)
        let resumes =
            logs[0].count > 1 && test.scripts[0].rules.contains { $0.faults.contains(.drop(after: Self.half)) }
        if resumes { #expect(logs[1][0].firstByte >= Self.half) }
    }
}
