/// The steps in which a response is sent.
struct Reply {
    enum Step {
        /// The head, or what is sent instead. Not counted as body.
        case head([UInt8])
        /// The head, one byte at a time.
        case slowHead([UInt8], millisecondsPerByte: Int)
        /// Header fields without end. Not counted as body.
        case endlessHead([UInt8])
        case body(BodyPart)
        /// The last chunk after a chunked body. Not counted as body.
        case trailer([UInt8])
        case pause(milliseconds: Int)
        /// Waits until the client closes the connection or the server stops.
        case stall
        /// The same, if this ``Fault/silence(percent:times:)`` still has to happen.
        case silence(Fault)
        /// Waits until the server's gates are open.
        case gate
        case drop
        case reset
    }

    /// The status in the head; `nil` if no complete head is sent.
    var status: Int?
    var steps: [Step] = []
    /// Whether the body is sent in chunks (RFC 9112 §7.1).
    var chunked = false
    /// Whether each byte is a chunk of its own.
    var hasTinyChunks = false
    /// Whether the connection is closed after the last step.
    var closes = false
    /// The faults that limit the rate of the body.
    var paces: [Fault] = []
    /// Whether the body has bytes of a file.
    var isTransfer = false
    /// The ``Fault/die(after:)``, if any.
    var death: Fault?
    var congestionAlgorithm: String?
    /// If set, the server refuses new connections for this time, beginning before the first step.
    var refusesForMilliseconds: Int?

    init() {}

    /// The response to an invalid request.
    init(status: Int) {
        var answer = Answer(status: status, text: "\(status)\n")
        answer.set("Connection", "close")
        self.status = status
        steps = [.head(answer.headBytes(version: "HTTP/1.1"))] + answer.body.map { .body($0) }
        closes = true
    }

    init(_ circumstances: Circumstances) {
        let faults = circumstances.faults
        var answer = Answer(circumstances)
        status = answer.status
        isTransfer = answer.served != nil && circumstances.request.method == "GET"
        closes = !circumstances.request.keepsAlive
        var version = "HTTP/1.1"
        for fault in faults { frame(fault, &answer, &version) }
        let hasLength = answer.fields.contains { $0.name.lowercased() == "content-length" }
        if !hasLength && !chunked { closes = true }
        if closes, !faults.contains(.closeConnection(announced: false)) { answer.set("Connection", "close") }

        steps = [.head(answer.headBytes(version: version))]
        if circumstances.request.method != "HEAD" {
            steps += answer.body.map { .body($0) }
            if chunked { steps.append(.trailer(Array("0\r\n\r\n".utf8))) }
        }
        for fault in faults { bendBody(fault) }
        limit(faults, of: answer)
        for fault in faults { bendHead(fault) }
    }

    // MARK: Framing

    private mutating func frame(_ fault: Fault, _ answer: inout Answer, _ version: inout String) {
        switch fault {
        case .contentLength, .contentLengths, .endlessBody: closes = true
        case .chunked, .tinyChunks:
            chunked = true
            hasTinyChunks = fault == .tinyChunks
            answer.remove("Content-Length")
            answer.set("Transfer-Encoding", "chunked")
        case .closeDelimited:
            closes = true
            answer.remove("Content-Length")
        case .http10:
            version = "HTTP/1.0"
            closes = true
        case .closeConnection: closes = true
        case .congestion(let algorithm): congestionAlgorithm = algorithm
        default: break
        }
    }

    // MARK: Body

    private mutating func bendBody(_ fault: Fault) {
        switch fault {
        case .drop(let count): cut(after: count, then: .drop)
        case .truncate(let missing): cut(after: max(0, bodyByteCount - missing), then: .drop)
        case .reset(let count): cut(after: count, then: .reset)
        case .stall(let count): cut(after: count, then: .stall)
        default: break
        }
    }

    private var bodyByteCount: Int64 {
        steps.reduce(0) { sum, step in
            guard case .body(let part) = step else { return sum }
            return part.count > .max - sum ? .max : sum + part.count
        }
    }

    /// Ends the response after `count` body bytes, if there are that many.
    private mutating func cut(after count: Int64, then end: Step) {
        guard count <= bodyByteCount else { return }
        var rest = max(0, count)
        var kept: [Step] = []
        for step in steps {
            guard case .body(let part) = step else {
                kept.append(step)
                continue
            }
            if part.count > rest {
                if rest > 0 { kept.append(.body(part.prefix(rest))) }
                rest = 0
                break
            }
            rest -= part.count
            kept.append(step)
        }
        // Of two cuts in the same place, the later one wins.
        let withoutEnds = kept.filter { step in
            switch step {
            case .drop, .reset, .stall: false
            default: true
            }
        }
        steps = withoutEnds + [end]
    }

    // MARK: Head

    private mutating func bendHead(_ fault: Fault) {
        switch fault {
        case .delay(let milliseconds): steps.insert(.pause(milliseconds: milliseconds), at: 0)
        case .slowHead(let pace):
            steps = steps.map { step in
                guard case .head(let bytes) = step else { return step }
                return .slowHead(bytes, millisecondsPerByte: pace)
            }
        case .interim(let status, let count):
            let status = status ?? 103
            let head = "HTTP/1.1 \(status) \(Answer.reason(status))\r\nX-Interim: yes\r\n\r\n"
            let heads = Array(repeating: Array(head.utf8), count: max(0, count ?? 1)).flatMap { $0 }
            steps.insert(.head(heads), at: 0)
        case .garbageHead: replace(with: [.head(Array("\u{0}\u{1}SSH-2.0 no HTTP\r\n\r\n".utf8)), .drop])
        case .raw(let bytes): replace(with: [.head(bytes), .drop])
        case .closeBeforeHead: replace(with: [.drop])
        case .resetBeforeHead: replace(with: [.reset])
        case .stallBeforeHead: replace(with: [.stall])
        case .closeInHead(let count): replace(with: [.head(Array(headBytes.prefix(max(0, count)))), .drop])
        case .endlessHeaders:
            let line = Array("X-More: \(String(repeating: "m", count: 1000))\r\n".utf8)
            let some = Array(repeating: line, count: 16).flatMap { $0 }
            replace(with: [.head(headBytes.dropLast(2)), .endlessHead(some)])
        case .refuseConnections(let milliseconds):
            refusesForMilliseconds = milliseconds
            replace(with: [.drop])
        default: break
        }
    }

    private mutating func replace(with steps: [Step]) {
        self.steps = steps
        status = nil
        closes = true
    }

    private var headBytes: [UInt8] {
        steps.flatMap { step -> [UInt8] in
            switch step {
            case .head(let bytes), .slowHead(let bytes, _): bytes
            default: []
            }
        }
    }
}
