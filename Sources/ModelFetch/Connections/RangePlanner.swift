/// Divides the missing bytes of one file among connections. A value: it decides and never waits.
///
/// It owns what is missing. A *lease* gives a part of that to one connection: the lowest offsets first, within a window, so that what is
/// written ahead of the hash is still in the page cache when the hash gets there. Once everything is leased, a connection without work
/// *steals* a part of the lease that would end last, or fetches its rest a second time (a *hedge*) if that connection has fallen silent.
struct RangePlanner: Sendable {
    /// What is not on the disk yet, leased or not.
    private(set) var missing: RangeSet<Int64>
    /// In the order in which they began.
    private(set) var leases: [Lease] = []
    private let sizes: LeaseSizes
    private var nextID = 0

    init(missing: RangeSet<Int64>, sizes: LeaseSizes = LeaseSizes()) {
        self.missing = missing
        self.sizes = sizes
    }

    /// Whether nothing is missing.
    var isDone: Bool { missing.isEmpty }

    /// What is missing and not leased.
    var free: RangeSet<Int64> { missing.subtracting(RangeSet(leases.map(\.rest))) }

    /// The lease of this number, if it has not ended.
    subscript(id: Lease.ID) -> Lease? { leases.first { $0.id == id } }

    // MARK: Giving

    /// Leases the first part that is free.
    ///
    /// - Parameters:
    ///   - rate: what one connection brings, in bytes per second, if it is known: a lease is a matter of seconds.
    ///   - connections: how many connections are to share what is left.
    /// - Returns: `nil` if nothing is free within the window.
    mutating func lease(of source: Int, expecting rate: Double?, among connections: Int, at now: Duration) -> Lease? {
        let free = free
        guard let gap = free.ranges.first, let first = missing.ranges.first,
            gap.lowerBound < first.lowerBound + sizes.window
        else { return nil }
        let left = free.ranges.reduce(0) { $0 + Int64($1.count) }
        let sharers = connections - leases.count { !$0.rest.isEmpty }
        var length = max(left / Int64(max(sharers, 1)), sizes.least)
        if let rate { length = min(length, max(Int64(rate * Self.leaseSeconds), sizes.least)) }
        length = min(length, sizes.most)
        // A remainder too short for a request of its own is taken along.
        let end = Int64(gap.count) - length < sizes.least ? gap.upperBound : gap.lowerBound + length
        return begin(source, gap.lowerBound..<end, at: now)
    }

    /// Takes over a part of the lease that would end last.
    ///
    /// The two are to end at the same time, as far as that can be known: the thief needs `latency` before its first byte.
    ///
    /// - Parameter rate: what one connection brings, in bytes per second, if it is known; otherwise it is taken to be as fast as the other.
    /// - Returns: `nil` if no lease would end noticeably earlier.
    mutating func steal(for source: Int, expecting rate: Double?, latency: Duration, at now: Duration) -> Lease? {
        var best: (victim: Lease.ID, cut: Int64, saved: Double)?
        let leastSaved = max(Self.leastSaved, latency / .seconds(1) * Self.leastLatenciesSaved)
        for lease in leases where !isRivalled(lease) {
            let theirs = lease.throughput.rate(at: now)
            let ours = rate ?? theirs
            guard theirs > 0, ours > 0 else { continue }
            let range = takeable(lease)
            let rest = Double(range.count)
            // Both end together: kept / theirs = latency + (rest - kept) / ours.
            let kept = (latency / .seconds(1) + rest / ours) / (1 / theirs + 1 / ours)
            let cut = range.lowerBound + Int64(kept.rounded(.up))
            let saved = (rest - kept) / theirs
            guard range.upperBound - cut >= sizes.leastStolen, saved >= leastSaved, saved > best?.saved ?? 0 else {
                continue
            }
            best = (lease.id, cut, saved)
        }
        guard let best, let index = index(of: best.victim) else { return nil }
        let end = takeable(leases[index]).upperBound
        leases[index].move(end: best.cut)
        return begin(source, best.cut..<end, victim: best.victim, at: now)
    }

    /// Fetches the rest of a lease that has fallen silent a second time. The first to complete it, or a good part of it, wins.
    ///
    /// - Returns: `nil` if no connection is silent (``silent(at:after:)``), or its rest is already fetched twice.
    mutating func hedge(for source: Int, silence: Duration, at now: Duration) -> Lease? {
        let silent = silent(at: now, after: silence).compactMap { self[$0] }
        guard let victim = silent.first(where: { !isRivalled($0) && !takeable($0).isEmpty }) else { return nil }
        return begin(source, takeable(victim), rival: victim.id, at: now)
    }

    private mutating func begin(
        _ source: Int, _ range: Range<Int64>, rival: Lease.ID? = nil, victim: Lease.ID? = nil, at now: Duration
    ) -> Lease {
        let lease = Lease(id: nextID, source: source, range, rival: rival, victim: victim, begun: now)
        nextID += 1
        leases.append(lease)
        return lease
    }

    // MARK: Progress

    /// The source of a lease has answered.
    mutating func answered(_ id: Lease.ID, at now: Duration) {
        if let index = index(of: id) { leases[index].answered(at: now) }
    }

    /// The bytes of a lease up to `offset` are on the disk.
    ///
    /// - Returns: the leases that have nothing left to fetch because of this, to be cancelled.
    mutating func advance(_ id: Lease.ID, to offset: Int64, at now: Duration) -> [Lease.ID] {
        guard let index = index(of: id) else { return [] }
        let lease = leases[index]
        if offset > lease.position { missing.remove(contentsOf: lease.position..<offset) }
        leases[index].advance(to: offset, at: now)
        if leases[index].isCut { leases[index].cut() }
        var finished: [Lease.ID] = []
        for other in leases.indices where other != index && isPair(leases[other], lease) {
            let start = max(leases[other].start, lease.start)
            let hasWon = !lease.isCut && offset - start >= sizes.leastStolen && offset > leases[other].position
            guard hasWon || missing.intersection(RangeSet(leases[other].rest)).isEmpty else { continue }
            leases[other].move(end: leases[other].position)
            finished.append(leases[other].id)
        }
        return finished
    }

    /// The answer to a lease is the whole file: it goes on to `offset`, the end of the file, whoever else has leased a part of that.
    ///
    /// - Returns: whether its bytes are wanted. While the same source sends the whole file already, they are not, and the lease is cut: what that
    ///   does not bring, one more whole file does, however many ranges it is.
    mutating func extend(_ id: Lease.ID, to offset: Int64) -> Bool {
        guard let index = index(of: id) else { return false }
        let lease = leases[index]
        guard !leases.contains(where: { $0.id != id && $0.source == lease.source && $0.isWhole && !$0.rest.isEmpty })
        else {
            leases[index].cut()
            return false
        }
        leases[index].holdsWhole()
        leases[index].move(end: max(offset, lease.end))
        return true
    }

    /// What others may take over of a lease. A whole file runs over what is here already and what others have leased.
    private func takeable(_ lease: Lease) -> Range<Int64> {
        guard lease.isWhole else { return lease.rest }
        let others = RangeSet(leases.filter { $0.id != lease.id }.map(\.rest))
        let wanted = missing.intersection(RangeSet(lease.rest)).subtracting(others)
        return wanted.ranges.first ?? lease.position..<lease.position
    }

    /// Ends a lease at its position: its rest is free.
    mutating func cut(_ id: Lease.ID) {
        if let index = index(of: id) { leases[index].cut() }
    }

    /// The lease of some sources to cut for somebody else: the last that began, unless it is the only one.
    func dispensable(of sources: [Int]) -> Lease? {
        let open = leases.filter { !$0.isCut && sources.contains($0.source) }
        return open.count > 1 ? open.last : nil
    }

    /// A lease is over, completed or not: what it did not bring is free.
    mutating func end(_ id: Lease.ID) { leases.removeAll { $0.id == id } }

    /// Bytes that were thought to be on the disk are not.
    mutating func restore(_ range: Range<Int64>) { missing.insert(contentsOf: range) }

    // MARK: What is too slow

    /// Nobody has looked for a while, so that nothing could come: silence counts from now on.
    mutating func excuseSilence(at now: Duration) {
        for index in leases.indices { leases[index].excuseSilence(at: now) }
    }

    /// The leases to cut because they are far slower than the others, which will fetch their rests.
    func slow(at now: Duration) -> [Lease.ID] {
        let rates = leases.filter { !$0.isCut }.map { (id: $0.id, begun: $0.begun, rate: $0.throughput.rate(at: now)) }
        return rates.compactMap { lease in
            guard now - lease.begun >= Self.slowAge else { return nil }
            let others = rates.filter { $0.id != lease.id }.map(\.rate).sorted()
            guard !others.isEmpty else { return nil }
            return lease.rate < others[others.count / 2] / Self.slowFraction ? lease.id : nil
        }
    }

    /// The leases from which nothing has come for this long, or for twice as long if their source has not answered yet.
    func silent(at now: Duration, after silence: Duration) -> [Lease.ID] {
        leases.filter { !$0.isCut && now - $0.movedAt >= ($0.isAnswered ? silence : silence * 2) }.map(\.id)
    }

    // MARK: Details

    /// How long a lease is meant to take.
    private static let leaseSeconds = 8.0
    /// A lease is not divided for less than this, in seconds, or in latencies: the one that is divided loses its connection at its new end,
    /// and new connections begin slowly.
    private static let (leastSaved, leastLatenciesSaved) = (0.1, 4.0)
    /// A lease is not judged by its speed before this.
    private static let slowAge: Duration = .seconds(3)
    /// How many times slower than the median is too slow.
    private static let slowFraction = 10.0

    private func index(of id: Lease.ID) -> Int? { leases.firstIndex { $0.id == id } }

    /// Whether two connections fetch the same range.
    private func isPair(_ one: Lease, _ other: Lease) -> Bool { one.rival == other.id || other.rival == one.id }

    private func isRivalled(_ lease: Lease) -> Bool { leases.contains { isPair($0, lease) } }
}
