internal import Synchronization
internal import Transfer

/// The connections of a run: how many each origin may have, and which file gets the next one.
///
/// How many is up to a ``ConnectionController`` for each origin. Among files, the one with the fewest connections comes first, so a small
/// file never waits behind a large one: if a file has none while another has several, that one gives one up.
final class ConnectionPool: Sendable {
    /// The number of a file that uses connections.
    typealias User = Int

    /// What a file learns when it asks for a connection.
    enum Answer: Hashable, Sendable {
        case taken
        /// No connection is free. The file's signal is notified when that changes.
        case full
    }

    private struct Origin {
        /// Decides how many connections there may be.
        var controller: ConnectionController
        /// The most connections.
        let cap: Int
        var latency: Duration?
        var bytes: Int64 = 0
        /// When something came last: the head of a response, or bytes.
        var movedAt: Duration?
        var look = FirstLook.due
        var throughput: Throughput
        /// How many connections each file uses.
        var used: [User: Int] = [:]
        /// How many of them have an answer.
        var working = 0
        /// The files that were refused a connection.
        var waiting: [User: Signal] = [:]
        /// How many connections each file is to give up.
        var yields: [User: Int] = [:]
        /// How many connections will become free because a file gives them up for one that has none.
        var promised = 0

        var active: Int { used.values.reduce(0, +) }

        /// How many connections there may be now.
        var limit: Int { min(controller.limit, cap) }

        /// Ends the first look if it has lasted for long enough: files may have further connections.
        mutating func looked(at now: Duration) -> ConnectionController.Change? {
            guard let rate = look.end(bytes: bytes, at: now) else { return nil }
            controller.saw(rate / Double(max(working, 1)), with: working, at: now)
            return .raised
        }

        mutating func observe(at now: Duration) -> ConnectionController.Change? {
            let active = active
            return controller.observe(now: now, bytes: bytes, active: active, wanted: !waiting.isEmpty)
        }
    }

    private struct State {
        var origins: [HTTPURL.Origin: Origin]
        /// The signals of the files in progress.
        var signals: [User: Signal] = [:]
        var nextUser = 0
    }

    private let keys: [HTTPURL.Origin]
    /// Each origin once. A dictionary has another order in every run.
    private let origins: [HTTPURL.Origin]
    private let state: Mutex<State>

    /// - Parameters:
    ///   - origins: one for each source, in the order of the sources.
    ///   - cap: the most connections to each of them.
    ///   - first: how many each of them gets before anything is known about it; `nil` for the usual start.
    init(origins: [HTTPURL.Origin], cap: Int, first: Int? = nil) {
        keys = origins
        self.origins = origins.enumerated().filter { origins.firstIndex(of: $0.element) == $0.offset }.map(\.element)
        let cap = max(min(cap, ConnectionController.maximum), 1)
        var table: [HTTPURL.Origin: Origin] = [:]
        for origin in origins {
            var controller = ConnectionController(cap: cap)
            if let first { controller.begin(with: first, at: .zero) }
            table[origin] = Origin(controller: controller, cap: cap, throughput: Throughput(begun: .zero))
        }
        state = Mutex(State(origins: table))
    }

    // MARK: Files

    /// A number of files begin at once.
    func begin(with files: Int, at now: Duration) {
        state.withLock { state in
            for key in state.origins.keys { state.origins[key]?.controller.begin(with: files, at: now) }
        }
    }

    /// A file begins to use connections.
    ///
    /// - Parameter signal: is notified when a connection may be free, or is to be given up.
    func enter(_ signal: Signal) -> User {
        state.withLock { state in
            defer { state.nextUser += 1 }
            state.signals[state.nextUser] = signal
            return state.nextUser
        }
    }

    /// A file uses no more connections.
    func leave(_ user: User) {
        state.withLock { state in
            state.signals[user] = nil
            for key in state.origins.keys { state.origins[key]?.yields[user] = nil }
        }
        stopWaiting(user)
    }

    // MARK: Connections

    /// Asks for a connection to a source.
    ///
    /// - Parameter isExtra: whether one more than the limit is allowed, because a connection is silent.
    func take(_ source: Int, for user: User, isExtra: Bool = false) -> Answer {
        let (answer, woken): (Answer, [Signal]) = state.withLock { state in
            guard var origin = state.origins[keys[source]] else { return (.full, []) }
            let mine = origin.used[user] ?? 0
            let limit = min(origin.limit + (isExtra ? 1 : 0), origin.cap)
            let needier = origin.waiting.filter { $0.key != user && origin.used[$0.key] ?? 0 < mine }
            guard origin.active < limit, needier.isEmpty, mine == 0 || !origin.look.isOpen else {
                var woken = origin.active < limit ? inOrder(needier) : []
                if let signal = state.signals[user] { origin.waiting[user] = signal }
                // A file without any connection gets one from the file that has the most.
                let needy = origin.waiting.keys.count { origin.used[$0] == nil }
                if mine == 0, origin.active >= limit, origin.promised < needy,
                    let most = origin.used.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }),
                    most.value - (origin.yields[most.key] ?? 0) > 1
                {
                    origin.yields[most.key, default: 0] += 1
                    origin.promised += 1
                    woken += [state.signals[most.key]].compactMap { $0 }
                }
                state.origins[keys[source]] = origin
                return (.full, woken)
            }
            origin.used[user] = mine + 1
            origin.waiting[user] = nil
            state.origins[keys[source]] = origin
            return (.taken, [])
        }
        for signal in woken { signal.notify() }
        return answer
    }

    /// A connection is free again.
    ///
    /// - Parameter wasWorking: whether an answer had come (``answered(_:after:)``).
    func giveBack(_ source: Int, for user: User, wasWorking: Bool) {
        let woken: [Signal] = state.withLock { state in
            guard var origin = state.origins[keys[source]] else { return [] }
            let left = (origin.used[user] ?? 1) - 1
            origin.used[user] = left > 0 ? left : nil
            origin.promised = max(origin.promised - 1, 0)
            if wasWorking { origin.working -= 1 }
            state.origins[keys[source]] = origin
            return inOrder(origin.waiting)
        }
        for signal in woken { signal.notify() }
    }

    /// The file does not want another connection any more.
    ///
    /// - Parameter sources: those that it still wants one to. A file that waits for what it does not want would keep others from it.
    func stopWaiting(_ user: User, except sources: Set<Int> = []) {
        let kept = Set(sources.map { keys[$0] })
        let woken: [Signal] = state.withLock { state in
            var woken: [Signal] = []
            for key in origins
            where !kept.contains(key) && state.origins[key]?.waiting.removeValue(forKey: user) != nil {
                woken += state.origins[key].map { inOrder($0.waiting) } ?? []
            }
            return woken
        }
        for signal in woken { signal.notify() }
    }

    /// The connections that the file is to give up now: for a file that has none, or because the origin has collapsed under them.
    ///
    /// - Returns: for each of them the sources whose connection it may be.
    func takeYields(of user: User) -> [[Int]] {
        state.withLock { state in
            origins.flatMap { key in
                let count = state.origins[key]?.yields.removeValue(forKey: user) ?? 0
                return Array(repeating: keys.indices.filter { keys[$0] == key }, count: count)
            }
        }
    }

    // MARK: What is learned

    /// A source has answered.
    func answered(_ source: Int, after latency: Duration, at now: Duration) {
        update(source) { origin in
            origin.working += 1
            origin.latency = origin.latency.map { min($0, latency) } ?? latency
            origin.movedAt = now
            origin.controller.answered(after: latency)
            origin.look.answered(after: latency, bytes: origin.bytes, at: now)
            return nil
        }
    }

    /// Bytes have come from a source.
    func received(_ bytes: Int, from source: Int, at now: Duration) {
        update(source) { origin in
            origin.bytes += Int64(bytes)
            origin.movedAt = now
            origin.throughput.add(Int64(bytes), at: now)
            return origin.looked(at: now) ?? origin.observe(at: now)
        }
    }

    /// Time has passed: every file looks after its connections.
    func observe(at now: Duration) {
        for source in keys.indices { update(source) { $0.looked(at: now) ?? $0.observe(at: now) } }
        for signal in state.withLock({ inOrder($0.signals) }) { signal.notify() }
    }

    /// A source refused a connection, or broke one.
    func refused(_ source: Int, _ kind: ConnectionController.Refusal, begun: Duration, at now: Duration) {
        update(source) { origin in
            origin.controller.refused(kind, begun: begun, working: origin.working, at: now)
        }
    }

    /// A connection was cut because it was far slower than the others.
    func wasSlow(_ source: Int, at now: Duration) { update(source) { $0.controller.wasSlow(at: now) } }

    /// What is known about an origin.
    struct Knowledge: Sendable {
        /// The shortest time from a request to the head of its response.
        var latency: Duration?
        /// What one connection brings, in bytes per second; `nil` if that is not known.
        var rate: Double?
        /// How many connections are in use, and how many may be.
        var active: Int
        var limit: Int
        /// How many connections have an answer.
        var working: Int
        /// When the head of a response or bytes came last, over any of them; `nil` if nothing ever did.
        var movedAt: Duration?

        /// Whether a better source should be asked: one connection brings less than a tenth of what one of the best source brings.
        func isCrawling(beside best: Double) -> Bool {
            guard let rate, working > 0 else { return false }
            return rate < best / 10
        }
    }

    func knowledge(of source: Int, at now: Duration) -> Knowledge {
        state.withLock { state in
            guard let origin = state.origins[keys[source]] else {
                return Knowledge(active: 0, limit: 1, working: 0)
            }
            let rate = origin.throughput.rate(at: now) / Double(max(origin.working, 1))
            return Knowledge(
                latency: origin.latency, rate: rate > 0 ? rate : nil, active: origin.active,
                limit: origin.limit, working: origin.working, movedAt: origin.movedAt)
        }
    }

    private func update(
        _ source: Int, _ change: (inout Origin) -> ConnectionController.Change?
    ) {
        let woken: [Signal] = state.withLock { state in
            guard var origin = state.origins[keys[source]] else { return [] }
            let change = change(&origin)
            defer { state.origins[keys[source]] = origin }
            switch change {
            case nil: return []
            case .raised: return inOrder(origin.waiting)
            case .lowered(let cutsNow):
                guard cutsNow else { return [] }
                var woken: [Signal] = []
                var surplus = origin.active - origin.limit
                while surplus > 0 {
                    // One from whoever has most then, but nobody's only one.
                    let left = origin.used.map { (user: $0.key, count: $0.value - (origin.yields[$0.key] ?? 0)) }
                    guard let most = left.max(by: { ($0.count, $0.user) < ($1.count, $1.user) }), most.count > 1 else {
                        break
                    }
                    origin.yields[most.user, default: 0] += 1
                    surplus -= 1
                    woken += [state.signals[most.user]].compactMap { $0 }
                }
                return woken
            }
        }
        for signal in woken { signal.notify() }
    }
}

/// The signals of some files in the order of the files, so that a seed plays the same in every run.
private func inOrder(_ signals: [ConnectionPool.User: Signal]) -> [Signal] {
    signals.sorted { $0.key < $1.key }.map(\.value)
}
