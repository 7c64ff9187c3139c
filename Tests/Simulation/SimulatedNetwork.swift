import SeededRandom
import Storage
import Transfer

/// The sources of a simulation and their faults. Their state continues from one run to the next.
///
/// Used only on the scheduler's thread.
final class SimulatedNetwork: @unchecked Sendable {
    struct Source {
        var plan: SourcePlan
        var requests = 0
        var version = 0
        var tagNumber = 0
        var downUntil: Duration = .zero
    }

    let scheduler: Scheduler
    let stallTimeout: Duration
    private let files: [String: [UInt8]]
    private(set) var sources: [Source]
    var random: SplitMix64
    /// Called with a description of every request.
    var log: ((String) -> Void)?
    /// Whether all sources have the right file.
    var isRight: Bool { isHonest || sources.allSatisfy { $0.version == 0 && $0.downUntil <= scheduler.now } }
    /// The highest number of versions that a source has had of its files.
    private(set) var latestVersion = 0
    /// Whether the sources have no more faults.
    var isHonest = false

    /// The body bytes delivered, by file.
    private(set) var delivered: [String: Int64] = [:]
    private(set) var requestCount = 0
    /// The faults that have occurred.
    private(set) var fired: [NetworkFault] = []
    /// The bytes in chunks that are still referenced.
    private(set) var chunkBytes = 0
    private(set) var peakChunkBytes = 0

    init(
        _ scheduler: Scheduler, seed: UInt64, files: [String: [UInt8]], sources: [SourcePlan], stallTimeout: Duration
    ) {
        self.scheduler = scheduler
        self.files = files
        self.sources = sources.map { Source(plan: $0) }
        self.stallTimeout = stallTimeout
        random = SplitMix64(seed: seed)
    }

    /// The base URL of a source.
    static func url(of source: Int) -> String { "http://source\(source).test/" }

    /// The faults since the last call.
    func takeFired() -> [NetworkFault] {
        defer { fired = [] }
        return fired
    }

    // MARK: Responses

    /// A response: its head and body, and what happens on the way.
    struct Answer {
        var head: ResponseHead
        var body: ArraySlice<UInt8>
        /// Where and how the body ends early.
        var end: (after: Int, error: TransferError?)?
        var isStalling = false
        var chunk: Int
        var hasEmptyChunks = false
        var pause: Duration
        var path: String
    }

    /// The response to a request; throws the errors of a transport.
    func answer(_ request: TransportRequest) throws(TransferError) -> (
        delay: Duration, answer: Result<Answer, TransferError>
    ) {
        requestCount += 1
        let (index, path) = try address(of: request.url)
        let number = sources[index].requests
        sources[index].requests += 1
        var fault: NetworkFault?
        if !isHonest, number < sources[index].plan.faults.count { fault = sources[index].plan.faults[number] }
        if let fault { fired.append(fault) }
        log?(
            "    GET \(request.url.redacted) \(request.range.map { "\($0)" } ?? "whole") \(fault.map { "\($0)" } ?? "")"
        )
        switch fault {
        case .replaced:
            (sources[index].version, sources[index].tagNumber) = (
                sources[index].version + 1, sources[index].tagNumber + 1
            )
            latestVersion = max(latestVersion, sources[index].version)
        case .restored: (sources[index].version, sources[index].tagNumber) = (0, sources[index].tagNumber + 1)
        case .newTag: sources[index].tagNumber += 1
        case .down(let seconds): sources[index].downUntil = scheduler.now + .seconds(seconds)
        default: break
        }
        if isHonest, sources[index].version != 0 {
            sources[index].version = 0
            sources[index].tagNumber += 1
        }
        let delay = Duration.milliseconds(random.below(40))
        if !isHonest, scheduler.now < sources[index].downUntil {
            fired.append(.noConnection)
            return (delay, .failure(TransferError(.connectionFailed, "refused")))
        }
        switch fault {
        case .noName: return (delay, .failure(TransferError(.nameNotResolved)))
        case .noConnection: return (delay, .failure(TransferError(.connectionFailed)))
        case .connectTimeout:
            return (min(request.connectTimeout ?? .seconds(15), .seconds(15)), .failure(TransferError(.connectTimeout)))
        case .tlsFailure: return (delay, .failure(TransferError(.tlsFailed)))
        case .silence: return (delay, .failure(TransferError(.connectionLost, "no answer")))
        case .malformedHead: return (delay, .failure(TransferError(.malformed, "endless header")))
        default: return (delay, .success(respond(to: request, index, path, fault)))
        }
    }

    private func address(of url: HTTPURL) throws(TransferError) -> (Int, String) {
        let text = url.redacted
        for index in sources.indices where text.hasPrefix(Self.url(of: index)) {
            return (index, String(text.dropFirst(Self.url(of: index).count)))
        }
        throw TransferError(.nameNotResolved, text)
    }

    private func respond(to request: TransportRequest, _ index: Int, _ path: String, _ fault: NetworkFault?) -> Answer {
        let source = sources[index]
        guard let right = files[path] else { return simple(404, path: path) }
        let whole = Self.version(source.version, of: right)
        let size = Int64(whole.count)
        let tag: String? =
            switch source.plan.tag {
            case .strong: "\"v\(source.tagNumber)\""
            case .varying: "\"v\(source.tagNumber)-\(source.requests)\""
            case .weak: "W/\"v\(source.tagNumber)\""
            case .none: nil
            }
        var range = request.range.map { $0.clamped(to: 0..<size) }
        if let condition = request.ifRange, condition != tag || source.plan.tag != .strong { range = nil }
        if let refusal = source.plan.refusal, request.range != nil { return simple(refusal, path: path) }
        switch fault {
        case .status(let status, let wait):
            return simple(status, path: path, fields: wait.map { [("retry-after", $0)] } ?? [])
        case .ignoresRange: range = nil
        case .page: return simple(200, path: path, fields: [("content-type", "text/html")], text: "<html>log in</html>")
        case .rangeNotSatisfiable where range != nil:
            return simple(416, path: path, fields: [("content-range", "bytes */\(size)")])
        case .redirectLoop: return simple(302, path: path, fields: [("location", Self.url(of: index) + path)])
        case .redirectElsewhere: return simple(302, path: path, fields: [("location", "ftp://elsewhere.test/\(path)")])
        case .redirectToNext:
            let next = (index + 1) % sources.count
            return simple(307, path: path, fields: [("location", Self.url(of: next) + path)])
        default: break
        }
        if range?.isEmpty == true { return simple(416, path: path, fields: [("content-range", "bytes */\(size)")]) }
        return body(of: whole, range, tag, fault, source.plan, path)
    }

    private func body(
        of whole: [UInt8], _ range: Range<Int64>?, _ tag: String?, _ fault: NetworkFault?, _ plan: SourcePlan,
        _ path: String
    ) -> Answer {
        let size = Int64(whole.count)
        var (sent, total) = (range ?? 0..<size, size)
        var length: Int64?
        switch fault {
        case .otherRange(let by) where range != nil:
            sent = (sent.lowerBound + by..<sent.upperBound + by).clamped(to: 0..<size)
        case .otherTotal(let by): total = max(0, total + by)
        case .shortWhole: length = Int64(sent.count)
        default: break
        }
        var bytes = whole[Int(sent.lowerBound)..<Int(sent.upperBound)]
        var fields: [(name: String, value: String)] = [("content-type", "application/octet-stream")]
        if let tag { fields.append(("etag", tag)) }
        var status = range == nil ? 200 : 206
        switch fault {
        case .shortWhole: status = 200
        case .noContentRange where range != nil: break
        case .multipart where range != nil: fields[0].value = "multipart/byteranges; boundary=x"
        case _ where range != nil:
            fields.append(("content-range", "bytes \(sent.lowerBound)-\(sent.upperBound - 1)/\(total)"))
        default: break
        }
        if range == nil, case .otherTotal = fault { length = total }
        if case .otherLength(let by) = fault { length = max(0, Int64(bytes.count) + by) }
        if case .encoded = fault { fields.append(("content-encoding", "gzip")) }
        if fault != .noLength { fields.append(("content-length", String(length ?? Int64(bytes.count)))) }
        var answer = Answer(
            head: ResponseHead(status: status, fields: fields), body: bytes, chunk: plan.chunk,
            pause: .milliseconds(random.below(20)), path: path)
        switch fault {
        case .drop(let after): answer.end = (Int(after), TransferError(.connectionLost, "reset"))
        case .short(let after): answer.end = (Int(after), nil)
        case .stall(let after):
            answer.end = (Int(after), TransferError(.stalled))
            answer.isStalling = true
        case .flip(let at, let mask) where !bytes.isEmpty:
            bytes[bytes.startIndex + Int(at) % bytes.count] ^= mask
            answer.body = bytes
        case .shifted(let by):
            let start = (Int(sent.lowerBound) + Int(by)) % max(whole.count, 1)
            answer.body = ArraySlice((0..<bytes.count).map { whole[(start + $0) % whole.count] })
        case .overlong(let by): answer.body = ArraySlice(Array(bytes) + [UInt8](repeating: 0x58, count: Int(by)))
        case .oneByOne: answer.chunk = 1
        case .emptyChunks: answer.hasEmptyChunks = true
        case .slow: answer.pause = .milliseconds(900)
        default: break
        }
        // A body that is shorter than its Content-Length is an early end, as libcurl reports it.
        if let length, length > Int64(answer.body.count), answer.end == nil {
            answer.end = (answer.body.count, TransferError(.short))
        }
        return answer
    }

    private func simple(
        _ status: Int, path: String, fields: [(name: String, value: String)] = [], text: String = ""
    ) -> Answer {
        Answer(
            head: ResponseHead(status: status, fields: fields + [("content-length", String(text.utf8.count))]),
            body: ArraySlice(text.utf8), chunk: 1000, pause: .zero, path: path)
    }

    /// The content of a file after this many replacements.
    static func version(_ version: Int, of right: [UInt8]) -> [UInt8] {
        guard version > 0 else { return right }
        // Half of it stays the same, so that a mixture of versions looks right in many places.
        var other = right
        for index in stride(from: 0, to: right.count, by: 97) where index / 4096 % 2 == version % 2 {
            other[index] ^= UInt8(truncatingIfNeeded: version)
        }
        return other
    }

    // MARK: Counters

    func chunk(_ bytes: ArraySlice<UInt8>, of path: String) -> Chunk {
        delivered[path, default: 0] += Int64(bytes.count)
        chunkBytes += bytes.count
        peakChunkBytes = max(peakChunkBytes, chunkBytes)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 16)
        bytes.withUnsafeBytes { memory.copyMemory(from: $0) }
        let count = bytes.count
        return Chunk(owning: memory, count: count) { [self] memory in
            memory.deallocate()
            chunkBytes -= count
        }
    }
}
