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
        /// The transfers that have begun and not ended.
        var open = 0
    }

    let scheduler: Scheduler
    let stallTimeout: Duration
    let files: [String: [UInt8]]
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
        var source = 0
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
        let traffic = sources[index].plan.traffic
        if !isHonest {
            if number < sources[index].plan.faults.count { fault = sources[index].plan.faults[number] }
            fault = fault ?? traffic.habit(ofResponse: number)
            if let accepted = traffic.accepted, sources[index].open >= accepted { fault = .overloaded }
        }
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
        let delay = Duration.milliseconds(
            traffic.latency == 40 ? random.below(40) : traffic.latency / 2 + random.below(traffic.latency / 2 + 1))
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
        case .overloaded where traffic.refusal == .noConnection:
            return (delay, .failure(TransferError(.connectionFailed, "refused")))
        default:
            var answer = respond(to: request, index, path, fault)
            answer.source = index
            if let rate = traffic.rate {
                let isCrawling = !isHonest && traffic.uncrawling.map { sources[index].open >= $0 } == true
                // On average half of the largest chunk comes after each pause.
                let milliseconds = answer.chunk * 500 / (rate * (50 + random.below(100)) / 100 + 1)
                // A correct source may be slow, but a transfer of less than 1 KiB/s would count as stalled.
                answer.pause = .microseconds(milliseconds * (isCrawling ? sources[index].plan.isHonest ? 10 : 100 : 1))
            }
            return (delay, .success(answer))
        }
    }

    private func address(of url: HTTPURL) throws(TransferError) -> (Int, String) {
        let text = url.redacted
        for index in sources.indices where text.hasPrefix(Self.url(of: index)) {
            return (index, String(text.dropFirst(Self.url(of: index).count)))
        }
        throw TransferError(.nameNotResolved, text)
    }

    // MARK: Counters

    /// The transfers of a file that have begun and not ended.
    private(set) var open: [String: Int] = [:]
    /// The most transfers from one source at the same time.
    private(set) var mostOpen = 0

    /// The most transfers from one source at the same time since the last call.
    func takeMostOpen() -> Int {
        defer { mostOpen = 0 }
        return mostOpen
    }

    /// A transfer begins.
    func begin(_ answer: Answer) {
        sources[answer.source].open += 1
        open[answer.path, default: 0] += 1
        mostOpen = max(mostOpen, sources[answer.source].open)
    }

    /// A transfer has ended.
    func end(_ source: Int, _ path: String) {
        sources[source].open -= 1
        open[path, default: 0] -= 1
    }

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
