/// Decides how many connections to an origin are used. A value: it decides and never waits.
///
/// More connections are kept only if *together* they deliver more. The rule is that of AzCopy's tuner
/// (`ste/concurrencyTuner.go`): a step is kept if the throughput rose by a good part of what linear growth would bring,
/// and taken back otherwise. Then one smaller step is tried. The first steps double the number, and each is decided as
/// early as possible. Later, a small step is tried now and then. A refusal or a collapse of the throughput ends a step
/// at once.
struct ConnectionController: Sendable {
    /// The most connections to one origin.
    static let maximum = 16
    /// A download begins with two, because a single one says little about the origin, and most links fill with two.
    static let initial = 2
    /// How much of a linear growth a step must bring: when it has been measured for long enough, and to be kept early.
    static let (goodPart, obviousPart) = (0.3, 0.65)
    /// Connections that bring less than this each, in bytes per second, are not worth waiting for: something holds them back.
    static let promisingRate = 1e6
    /// A rate grows if it is so many times what it was before; for at most so long nothing else is tried meanwhile.
    static let growing = 1.25
    static let longestGrowth: Duration = .seconds(2)
    /// A rate is collapsed below this part of what fewer connections had reached.
    static let collapsedPart = 0.5
    static let collapseWindow: Duration = .seconds(1)
    static let shortestCollapse: Duration = .milliseconds(150)
    /// What one connection brings where a single one may be all that pays, in bytes per second.
    static let fastRate = 64e6
    /// The first probe is early: a busy machine or a wavering link may have spoiled the first measurement.
    static let firstProbeWait = GrowingWait(from: .seconds(2), to: .seconds(60))

    /// Why an attempt did not succeed.
    enum Refusal: Hashable, Sendable {
        /// 429, 503, or a refused connection: the origin wants fewer connections.
        case limited
        /// A reset, lost or stalled connection: perhaps the origin or the network cannot bear so many.
        case broken
    }

    /// How ``limit`` has changed.
    enum Change: Hashable, Sendable {
        case raised
        /// - Parameter cutsNow: whether surplus connections are to be ended at once. Otherwise they finish what they
        ///   are
        ///   doing.
        case lowered(cutsNow: Bool)
    }

    enum Phase {
        /// The rate with the present number is measured, beginning when they deliver.
        case measuring(since: Duration?)
        case trying(ConnectionTrial)
        case stable(since: Duration)
    }

    /// How many connections to use now, at least 1. Only the methods of this type change it.
    var limit: Int
    var phase = Phase.measuring(since: nil)
    var ceiling: ConnectionCeiling
    var meter = ThroughputMeter()
    var times = MeasuringTimes()
    var breaks = BreakHistory()
    /// The rates that were measured with each number of connections, from 1.
    var rates = [Double?](repeating: nil, count: maximum + 1)
    /// The lowest number that was rejected since the last that was kept, and how many were.
    var rejected: (number: Int, count: Int)?
    /// Whether anything was tried, so that ``begin(with:at:)`` is too late.
    var hasBegun = false
    var probeWait = firstProbeWait
    var doubtWait = GrowingWait(from: .seconds(30), to: .seconds(240))
    var refusalWait = GrowingWait(from: .seconds(2), to: .seconds(60))
    /// Since when a collapse would show: all connections were in use, and something came.
    var watchedSince: Duration = .zero
    /// Since when there has been no work for more connections.
    var idleSince: Duration?
    /// When the limit was lowered after a refusal.
    var backedOff: Duration?
    /// When to look how many connections a refusal has left, and the most that they may be.
    var recount: (at: Duration, most: Int, isLimit: Bool)?
    /// The most connections that have delivered for a whole window.
    var proven = 0
    /// No step before this moment, after connections broke.
    var calmUntil: Duration = .zero
    var calmWait = GrowingWait(from: .seconds(1), to: .seconds(60))

    /// - Parameter cap: the most connections to use, from 1 to ``maximum``. Other values are clamped.
    init(cap: Int = maximum) {
        let cap = min(max(cap, 1), Self.maximum)
        ceiling = ConnectionCeiling(cap: cap)
        limit = min(Self.initial, cap)
    }

    /// The first requests are about to be sent: lets the first step start with more than two connections. No effect
    /// once something has been received.
    ///
    /// - Parameter files: how many files begin at once; more than 4 count as 4.
    mutating func begin(with files: Int, at now: Duration) {
        guard !hasBegun else { return }
        limit = max(limit, min(files, 4, ceiling.number(at: now)))
    }

    /// A first look at a near origin shows that one connection brings so many bytes per second. If that is what a fast network
    /// brings, more than those at work have to show that they pay. Otherwise four are soon tried.
    mutating func saw(_ rate: Double, with working: Int, at now: Duration) {
        guard !isStepping else { return }
        limit = rate >= Self.fastRate ? min(max(working, 1), limit) : max(limit, min(4, ceiling.number(at: now)))
        phase = .measuring(since: nil)
    }

    /// A response head came after this long: the latency of the origin, from which the length of the measuring window
    /// follows.
    mutating func answered(after time: Duration) { times.answered(after: time) }

    /// Observes the run's progress on this origin: for every chunk received, and every quarter of a second or so.
    ///
    /// - Parameters:
    ///   - bytes: all body bytes received from the origin so far.
    ///   - active: connections in use: a request was sent and has not ended.
    ///   - wanted: whether there is work for more connections than are in use. If not, nothing can be learned from a
    ///     rate.
    mutating func observe(now: Duration, bytes: Int64, active: Int, wanted: Bool) -> Change? {
        meter.record(bytes, at: now)
        if let change = recounted(active, at: now) { return change }
        guard wanted else { return idle(at: now) }
        idleSince = nil
        if active * 4 < limit * 3 || meter.rate(last: times.glance) ?? 0 == 0 { watchedSince = now }
        switch phase {
        case .measuring(let since):
            guard let since else {
                // What has come so far may be the first connection's alone.
                if bytes > 0, active >= limit {
                    phase = .measuring(since: now + min(times.settling, .milliseconds(50)))
                }
                hasBegun = hasBegun || bytes > 0
                return nil
            }
            return measure(since: since, active: active, at: now)
        case .trying(var trial):
            trial.observe(active: active, at: now, times)
            phase = .trying(trial)
            return judge(trial, at: now)
        case .stable(let since):
            if let change = collapse(at: now) { return change }
            return probe(since: since, at: now)
        }
    }

    /// An attempt was refused or broke off.
    ///
    /// - Parameters:
    ///   - begun: when the attempt began. Those that began before the last time that the limit was lowered say nothing
    ///     new.
    ///   - working: the connections of this origin that are delivering now.
    mutating func refused(_ kind: Refusal, begun: Duration, working: Int, at now: Duration) -> Change? {
        hasBegun = true
        if let backedOff, begun < backedOff { return nil }
        switch kind {
        case .limited:
            backedOff = now
            let number = max(1, min(working, limit))
            recount = (now + times.settling * 2, limit, working > 0 && number >= proven)
            if working > 0 {
                // More than that have worked: something else is wrong, for a while.
                if number < proven {
                    ceiling.doubt(above: number, at: now, for: &refusalWait)
                } else {
                    ceiling.tolerate(min(number, ceiling.tolerated ?? number))
                    proven = min(proven, number)
                }
            }
            return change(to: number, at: now)
        case .broken:
            switch breaks.broke(limit: limit, pays: paysMoreThanHalf, at: now) {
            case .ignore: return nil
            case .halve:
                backedOff = now
                calmUntil = now + calmWait.take()
                return change(to: max(1, limit / 2), at: now)
            case .restore(let number):
                return change(to: min(number, ceiling.number(at: now)), at: now)
            }
        }
    }

    /// A connection was cut because it was far slower than its peers: it is not replaced.
    mutating func wasSlow(at now: Duration) -> Change? {
        ceiling.doubt(above: limit - 1, at: now, for: &doubtWait)
        return change(to: max(1, limit - 1), at: now)
    }
}
