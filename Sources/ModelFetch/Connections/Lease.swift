/// A range of a file that one connection fetches.
///
/// Its end may move towards its position while it is fetched: another connection has taken over the rest.
struct Lease: Hashable, Sendable {
    typealias ID = Int

    let id: ID
    /// The index of the source.
    let source: Int
    /// The offset at which it began.
    let start: Int64
    /// The offset of the next byte that is expected.
    fileprivate(set) var position: Int64
    fileprivate(set) var end: Int64
    /// The lease whose range this one fetches a second time.
    let rival: ID?
    /// The lease that this one took its range from.
    let victim: ID?
    let begun: Duration
    /// When bytes came last; at first, when the lease began.
    fileprivate(set) var movedAt: Duration
    /// Whether the source has answered.
    fileprivate(set) var isAnswered = false
    /// Whether it was cut: its transfer is being ended.
    fileprivate(set) var isCut = false
    /// Whether the answer is the whole file, because the source does not serve ranges.
    fileprivate(set) var isWhole = false
    fileprivate(set) var throughput: Throughput

    init(id: ID, source: Int, _ range: Range<Int64>, rival: ID? = nil, victim: ID? = nil, begun: Duration) {
        self.id = id
        self.source = source
        start = range.lowerBound
        position = range.lowerBound
        end = range.upperBound
        self.rival = rival
        self.victim = victim
        self.begun = begun
        movedAt = begun
        throughput = Throughput(begun: begun)
    }

    /// What is still to be fetched.
    var rest: Range<Int64> { position..<max(position, end) }

    /// The seconds that the rest takes at the present rate; infinite if nothing comes.
    func secondsLeft(at now: Duration) -> Double {
        let rate = throughput.rate(at: now)
        return rate > 0 ? Double(rest.count) / rate : .infinity
    }
}

// MARK: - Changes, for the planner

extension Lease {
    mutating func answered(at now: Duration) {
        isAnswered = true
        movedAt = now
        throughput = Throughput(begun: now)
    }

    mutating func advance(to offset: Int64, at now: Duration) {
        throughput.add(max(offset - position, 0), at: now)
        position = max(position, offset)
        movedAt = now
    }

    mutating func holdsWhole() { isWhole = true }

    mutating func excuseSilence(at now: Duration) { movedAt = max(movedAt, now) }

    mutating func cut() {
        isCut = true
        move(end: position)
    }

    mutating func move(end offset: Int64) { end = max(offset, position) }
}
