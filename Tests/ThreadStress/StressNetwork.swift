import ModelFetch
import SeededRandom
import Synchronization
import Transfer

/// Two sources in memory, which many threads use at once. They redirect to addresses that expire, refuse, break off, fall silent and crawl;
/// the second one may also deliver wrong bytes.
///
/// It notes what must not happen, and how often something happened that a stress of the engine is about.
final class StressNetwork: Transport {
    /// What happened.
    struct Counts: Sendable {
        var requests = 0
        /// Requests for bytes of a range that is being transferred already.
        var hedges = 0
        /// Transfers that were ended before their end.
        var cancelled = 0
        /// Requests that followed a redirect again.
        var resolutions = 0
        /// The most transfers from one source at the same time.
        var peak = 0
    }

    static let sources = ["http://one.test/", "http://two.test/"]

    private struct State {
        var random: SplitMix64
        var counts = Counts()
        var violations: [String] = []
        /// The transfers that have not ended: the source, and the bytes of the file.
        var open: [Int: Transfer] = [:]
        var nextID = 0
        /// The number of the redirect's target, which is accepted until it has been used often enough.
        var target = 0
        var uses = 0
        /// The sources and files whose redirects are being followed.
        var resolving: Set<String> = []
    }

    private struct Transfer {
        let source: Int
        let path: Substring
        let range: Range<Int>
    }

    let files: [String: [UInt8]]
    let clock: FastClock
    private let connections: Int
    private let redirects: Bool
    private let isLiar: Bool
    /// The percentage of requests that fail somehow.
    private let faults: Int
    private let state: Mutex<State>

    init(_ files: [String: [UInt8]], connections: Int, clock: FastClock, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        self.files = files
        self.connections = connections
        self.clock = clock
        redirects = random.chance(60)
        isLiar = random.chance(20)
        faults = random.below(40)
        state = Mutex(State(random: random))
    }

    var counts: Counts { state.withLock { $0.counts } }

    /// What was wrong by now, including transfers that nobody ended.
    var violations: [String] {
        state.withLock { state in
            state.violations + state.open.values.map { "a transfer of \($0.path) \($0.range) was not ended" }
        }
    }

    /// The transfers that have not ended.
    var transfers: [String] { state.withLock { $0.open.values.map { "\($0.path) \($0.range) from \($0.source)" } } }

    // MARK: Requests

    private enum Answer {
        case redirect(String)
        case status(Int)
        case failure(TransferError)
        case body(status: Int, Range<Int>, StressResponse.Course, isWrong: Bool)
    }

    func get(_ request: TransportRequest) async throws(TransferError) -> any TransportResponse {
        let url = request.url.absoluteString
        guard let source = Self.sources.firstIndex(where: { url.hasPrefix($0) }) else {
            throw TransferError(.invalidRequest, "a surprising request for \(url)")
        }
        let parts = url.dropFirst(Self.sources[source].count).split(separator: "?")
        guard let path = parts.first, let bytes = files[String(path)] else {
            throw TransferError(.invalidRequest, "a surprising request for \(url)")
        }
        let signature = parts.count > 1 ? Int(parts[1].dropFirst("target=".count)) : nil
        let asked = request.range.map { Int($0.lowerBound)..<min(Int($0.upperBound), bytes.count) } ?? 0..<bytes.count
        let id = begin(Transfer(source: source, path: path, range: asked), isResolution: redirects && signature == nil)
        let pause = state.withLock { $0.random.below(300) }
        try? await clock.sleep(for: .milliseconds(pause))
        let answer = state.withLock { state in
            if redirects, signature == nil { state.resolving.remove("\(source) \(path)") }
            return decide(&state, source, path, asked, signature, hasRange: request.range != nil)
        }
        if Task.isCancelled {
            end(id, isEarly: true)
            throw TransferError(.cancelled)
        }
        switch answer {
        case .failure(let error):
            end(id, isEarly: false)
            throw error
        case .redirect(let location): return empty(302, [("location", location)], id)
        case .status(let status): return empty(status, [], id)
        case .body(let status, let range, let course, let isWrong):
            var fields = [("content-length", "\(range.count)"), ("etag", "\"1\"")]
            if status == 206 {
                fields.append(("content-range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(bytes.count)"))
            }
            return StressResponse(
                ResponseHead(status: status, fields: fields), bytes, range, course, isWrong: isWrong, clock: clock
            ) { [self] isEarly in end(id, isEarly: isEarly) }
        }
    }

    private func empty(_ status: Int, _ fields: [(name: String, value: String)], _ id: Int) -> StressResponse {
        StressResponse(
            ResponseHead(status: status, fields: fields + [("content-length", "0")]), [], 0..<0, .init(),
            isWrong: false, clock: clock
        ) { [self] _ in end(id, isEarly: false) }
    }

    private func decide(
        _ state: inout State, _ source: Int, _ path: Substring, _ asked: Range<Int>, _ signature: Int?, hasRange: Bool
    ) -> Answer {
        let isFaulty = state.random.chance(faults)
        if isFaulty, state.random.chance(40) {
            switch state.random.below(4) {
            case 0: return .failure(TransferError(.connectionFailed))
            case 1: return .failure(TransferError(.connectionLost))
            case 2: return .status(503)
            default: return .status(429)
            }
        }
        if redirects {
            guard let signature else { return .redirect("\(Self.sources[source])\(path)?target=\(state.target)") }
            // The one before still holds, so that a request that was just redirected is not refused.
            guard state.target - 1...state.target ~= signature else {
                return .status(state.random.chance(50) ? 401 : 403)
            }
            state.uses += 1
            if state.uses > 40 { (state.uses, state.target) = (0, state.target + 1) }
        }
        var course = StressResponse.Course(seed: state.random.next(), end: asked.count)
        course.pace = state.random.pick([0, 0, 1, 5, 40])
        if isFaulty {
            course.end = state.random.below(asked.count + 1)
            course.ending = state.random.pick([.lost, .short, .silence])
        }
        return .body(
            status: hasRange ? 206 : 200, asked, course, isWrong: isLiar && source == 1 && state.random.chance(30))
    }

    // MARK: Transfers

    private func begin(_ transfer: Transfer, isResolution: Bool) -> Int {
        state.withLock { state in
            state.counts.requests += 1
            let others = state.open.values.filter { $0.path == transfer.path && $0.range.overlaps(transfer.range) }
            if !others.isEmpty, !isResolution { state.counts.hedges += 1 }
            state.open[state.nextID] = transfer
            let open = state.open.values.count { $0.source == transfer.source }
            state.counts.peak = max(state.counts.peak, open)
            if open > connections {
                state.violations.append("\(open) of \(connections) connections to \(transfer.source)")
            }
            if isResolution {
                state.counts.resolutions += 1
                let isFirst = state.resolving.insert("\(transfer.source) \(transfer.path)").inserted
                if !isFirst, !Task.isCancelled {
                    state.violations.append("two requests follow the redirects of \(transfer.path)")
                }
            }
            state.nextID += 1
            return state.nextID - 1
        }
    }

    private func end(_ id: Int, isEarly: Bool) {
        state.withLock { state in
            if state.open.removeValue(forKey: id) != nil, isEarly { state.counts.cancelled += 1 }
        }
    }
}

/// A clock that runs a hundred times as fast as the real one, so that what waits for seconds can be tried many times a second.
struct FastClock: Clock {
    typealias Instant = ContinuousClock.Instant

    private static let factor = 100
    private let start = ContinuousClock.now

    var now: Instant { start + start.duration(to: .now) * Self.factor }
    var minimumResolution: Duration { .milliseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try await ContinuousClock().sleep(until: start + start.duration(to: deadline) / Self.factor, tolerance: .zero)
    }
}
