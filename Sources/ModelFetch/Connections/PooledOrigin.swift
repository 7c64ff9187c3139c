/// The connections to one origin: which file uses how many of them, and who gets the next one. A value.
///
/// The file with the fewest connections comes first, so a small file never waits behind a large one: if a file has none while another
/// has several, that one gives one up. Methods that make connections free return the files to be notified, as many as can take
/// one: if all of those that wait were woken for each connection, many small files would do little else.
struct PooledOrigin: Sendable {
    typealias User = ConnectionPool.User

    /// Decides how many connections there may be.
    var controller: ConnectionController
    /// The most connections.
    private let cap: Int
    private var latency: Duration?
    private var bytes: Int64 = 0
    /// When something came last: the head of a response, or bytes.
    private var movedAt: Duration?
    private var look = FirstLook.due
    private var throughput = Throughput(begun: .zero)
    /// How many connections are in use.
    private var active = 0
    /// How many connections each file uses.
    private var used: [User: Int] = [:]
    /// How many of them have an answer.
    private var working = 0
    /// The files that were refused a connection, with the number of the first refusal: who has waited longer comes first.
    private var waiting: [User: Int] = [:]
    private var refusals = 0
    /// How many connections each file is to give up.
    var yields: [User: Int] = [:]
    /// How many connections will become free because a file gives them up for one that has none.
    private var promised = 0

    /// - Parameters:
    ///   - cap: the most connections.
    ///   - first: how many there may be before anything is known; `nil` for the usual start.
    init(cap: Int, first: Int?) {
        self.cap = max(min(cap, ConnectionController.maximum), 1)
        controller = ConnectionController(cap: self.cap)
        if let first { controller.begin(with: first, at: .zero) }
    }

    /// How many connections there may be now.
    private var limit: Int { min(controller.limit, cap) }

    /// The files that are to be notified because connections are free: those with the fewest first, then those that have waited longest.
    private var nextInLine: [User] {
        guard active < limit, !waiting.isEmpty else { return [] }
        let line = waiting.keys.filter(mayTake).sorted { place(of: $0) < place(of: $1) }
        return Array(line.prefix(limit - active))
    }

    /// Whether a file may have another connection if one is free: a second one only after the first look.
    private func mayTake(_ user: User) -> Bool { used[user] == nil || !look.isOpen }

    /// A file's place in the line.
    private func place(of user: User) -> (Int, Int) { (used[user] ?? 0, waiting[user] ?? .max) }

    // MARK: Giving connections to files

    mutating func take(for user: User, isExtra: Bool) -> (ConnectionPool.Answer, woken: [User]) {
        let mine = used[user] ?? 0
        let limit = min(limit + (isExtra ? 1 : 0), cap)
        let first = waiting.keys.filter { $0 != user && mayTake($0) && place(of: $0) < place(of: user) }
        // As many may have been told that a connection is free as there are free ones; they come before this file.
        guard active + first.count < limit, mayTake(user) else {
            if waiting[user] == nil {
                waiting[user] = refusals
                refusals += 1
            }
            if active >= limit, mine == 0, let other = askForOne() { return (.full, [other]) }
            return (.full, nextInLine.filter { first.contains($0) })
        }
        active += 1
        used[user] = mine + 1
        waiting[user] = nil
        return (.taken, nextInLine)
    }

    /// A file without any connection gets one from the file that has the most.
    ///
    /// - Returns: that file, unless nobody has several, or enough of them will become free.
    private mutating func askForOne() -> User? {
        let needy = waiting.keys.count { used[$0] == nil }
        guard promised < needy, let most = used.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }),
            most.value - (yields[most.key] ?? 0) > 1
        else { return nil }
        yields[most.key, default: 0] += 1
        promised += 1
        return most.key
    }

    mutating func giveBack(for user: User, wasWorking: Bool) -> [User] {
        let left = (used[user] ?? 1) - 1
        used[user] = left > 0 ? left : nil
        active -= 1
        promised = max(promised - 1, 0)
        if wasWorking { working -= 1 }
        return nextInLine
    }

    mutating func stopWaiting(_ user: User) -> [User] { waiting.removeValue(forKey: user) == nil ? [] : nextInLine }

    // MARK: What is learned

    mutating func answered(after latency: Duration, at now: Duration) {
        working += 1
        self.latency = self.latency.map { min($0, latency) } ?? latency
        movedAt = now
        controller.answered(after: latency)
        look.answered(after: latency, bytes: bytes, at: now)
    }

    mutating func received(_ count: Int, at now: Duration) -> [User] {
        bytes += Int64(count)
        movedAt = now
        throughput.add(Int64(count), at: now)
        return observe(at: now)
    }

    /// Time has passed.
    mutating func observe(at now: Duration) -> [User] {
        // If the first look has lasted for long enough, files may have further connections.
        if let rate = look.end(bytes: bytes, at: now) {
            controller.saw(rate / Double(max(working, 1)), with: working, at: now)
            return nextInLine
        }
        // With as many files as connections, none waits for one when all are in use.
        let areWanted = !waiting.isEmpty || active >= limit
        return follow(controller.observe(now: now, bytes: bytes, active: active, wanted: areWanted))
    }

    mutating func refused(_ kind: ConnectionController.Refusal, begun: Duration, at now: Duration) -> [User] {
        follow(controller.refused(kind, begun: begun, working: working, at: now))
    }

    mutating func wasSlow(at now: Duration) -> [User] { follow(controller.wasSlow(at: now)) }

    func knowledge(at now: Duration) -> ConnectionPool.Knowledge {
        let rate = throughput.rate(at: now) / Double(max(working, 1))
        return ConnectionPool.Knowledge(
            latency: latency, rate: rate > 0 ? rate : nil, active: active, limit: limit, working: working,
            movedAt: movedAt)
    }

    /// - Returns: the files that may have more connections, or have to give some up.
    private mutating func follow(_ change: ConnectionController.Change?) -> [User] {
        switch change {
        case nil, .lowered(cutsNow: false): return []
        case .raised: return nextInLine
        case .lowered(cutsNow: true):
            var woken: [User] = []
            for _ in 0..<max(active - limit, 0) {
                // One from whoever has most then, but nobody's only one.
                let left = used.map { (user: $0.key, count: $0.value - (yields[$0.key] ?? 0)) }
                guard let most = left.max(by: { ($0.count, $0.user) < ($1.count, $1.user) }), most.count > 1 else {
                    break
                }
                yields[most.user, default: 0] += 1
                woken.append(most.user)
            }
            return woken
        }
    }
}
