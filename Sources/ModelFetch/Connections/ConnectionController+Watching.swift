/// What is done while the number is stable, and when it is lowered.
extension ConnectionController {
    /// Tries a small step now and then, and again what has worked before.
    mutating func probe(since: Duration, at now: Duration) -> Change? {
        guard now >= calmUntil else { return nil }
        let worked = min(proven, ceiling.number(at: now))
        if limit < worked {
            limit = worked
            phase = .measuring(since: nil)
            return .raised
        }
        guard now >= since + probeWait.next, let rate = meter.rate(last: times.window(forGrowth: 0)), rate > 0 else {
            return nil
        }
        _ = probeWait.take()
        rejected = nil
        rates[limit] = rate
        return step(to: limit + max(1, limit / 4), reference: rate, at: now, isProbe: true)
    }

    /// Halves the number if all connections together are much slower than fewer were.
    mutating func collapse(at now: Duration) -> Change? {
        guard limit > 1, now >= watchedSince + Self.collapseWindow, let rate = meter.rate(last: Self.collapseWindow),
            let best = rates[1..<limit].compactMap({ $0 }).max(), rate < best * Self.collapsedPart
        else { return nil }
        limit /= 2
        ceiling.doubt(above: limit, at: now, for: &doubtWait)
        // If fewer are not faster, then it was not their number.
        rates = [Double?](repeating: nil, count: Self.maximum + 1)
        proven = limit
        phase = .measuring(since: nil)
        return .lowered(cutsNow: true)
    }

    /// Whether so many connections deliver clearly more than half as many did.
    var paysMoreThanHalf: Bool {
        guard limit > 1, let recent = meter.rate(last: Self.collapseWindow),
            let half = rates[1...limit / 2].compactMap({ $0 }).max()
        else { return false }
        return recent >= half * (1 + Self.goodPart)
    }

    /// There is no work for more connections.
    mutating func idle(at now: Duration) -> Change? {
        watchedSince = now
        let since = idleSince ?? now
        idleSince = since
        guard now >= since + times.glance else { return nil }
        switch phase {
        case .stable: return nil
        case .measuring: phase = .measuring(since: nil)
        case .trying(let trial):
            phase = .measuring(since: nil)
            limit = trial.previous
            return .lowered(cutsNow: false)
        }
        return nil
    }

    /// When the first refusal came, some connections had not delivered yet. Those that are still in use after a while
    /// are tolerated as well.
    mutating func recounted(_ active: Int, at now: Duration) -> Change? {
        guard let (due, most, isLimit) = recount, now >= due, meter.rate(last: times.glance) ?? 0 > 0 else {
            return nil
        }
        recount = nil
        let number = min(active, most)
        guard number > limit else { return nil }
        if isLimit { ceiling.tolerate(number) }
        return change(to: number, at: now)
    }

    /// Uses another number from now on, and begins to measure again.
    mutating func change(to number: Int, at now: Duration) -> Change? {
        phase = .measuring(since: nil)
        rejected = nil
        guard number != limit else { return nil }
        defer { limit = number }
        return number > limit ? .raised : .lowered(cutsNow: false)
    }
}
