/// Steps to more connections: measuring before and after, and what is kept.
extension ConnectionController {
    /// Whether anything was learned about steps.
    var isStepping: Bool { if case .measuring = phase { proven > 0 } else { true } }

    mutating func measure(since: Duration, active: Int, at now: Duration) -> Change? {
        // Connections that are surplus after a rejected step would be measured as well.
        if active > limit { phase = .measuring(since: now) }
        let next = candidate
        let growth = Double(next - limit) / Double(limit)
        let window = rejected == nil ? times.reference : times.window(forGrowth: growth)
        guard active <= limit, now >= max(since + window, calmUntil) else { return nil }
        guard let average = meter.rate(since: since), average > 0 else {
            phase = .measuring(since: nil)
            return nil
        }
        guard let span = times.growthSpan, let recent = meter.rate(last: span),
            isPromising(max(recent, average), with: limit)
        else { return keep(average, at: now) }
        // While the rate grows by itself, as in the slow start of TCP, more connections would only seem to pay.
        guard now >= since + span * 2, let both = meter.rate(last: span * 2),
            recent <= (both * 2 - recent) * Self.growing || now >= since + Self.longestGrowth
        else { return nil }
        return keep(recent, at: now)
    }

    /// Whether so many connections bring so much that nothing but the link seems to hold them back.
    private func isPromising(_ rate: Double, with number: Int) -> Bool { rate >= Self.promisingRate * Double(number) }

    /// The present number has this rate: takes the next step.
    mutating func keep(_ rate: Double, at now: Duration) -> Change? {
        rates[limit] = rate
        proven = max(proven, limit)
        return step(to: candidate, reference: rate, at: now)
    }

    /// The number to try next: twice as many, or once something between what was kept and what was rejected.
    var candidate: Int {
        guard let rejected else { return limit * 2 }
        return rejected.count > 1 ? limit : (limit + rejected.number) / 2
    }

    mutating func step(to number: Int, reference: Double, at now: Duration, isProbe: Bool = false) -> Change? {
        let number = min(number, ceiling.number(at: now))
        guard number > limit else {
            phase = .stable(since: now)
            return nil
        }
        phase = .trying(ConnectionTrial(from: limit, to: number, reference: reference, isProbe: isProbe, at: now))
        limit = number
        return .raised
    }

    mutating func judge(_ trial: ConnectionTrial, at now: Duration) -> Change? {
        // Before that, some of the new connections may still be refused.
        guard let settled = trial.settled, now >= max(settled, trial.begun + times.glance),
            let recent = meter.rate(last: times.glance)
        else { return nil }
        // A glance at a small step would show noise.
        if trial.growth >= 1, recent >= trial.target(Self.obviousPart) { return accept(recent, at: now) }
        guard now >= settled + max(times.glance, Self.shortestCollapse), let average = meter.rate(since: settled) else {
            return nil
        }
        if recent > 0, average < trial.reference * Self.collapsedPart {
            ceiling.doubt(above: trial.previous, at: now, for: &doubtWait)
            limit = trial.previous
            phase = .stable(since: now)
            return .lowered(cutsNow: true)
        }
        guard now >= settled + times.window(forGrowth: trial.growth) else { return nil }
        if average >= trial.target(Self.goodPart) { return accept(average, at: now) }
        limit = trial.previous
        rejected = (trial.number, (rejected?.count ?? 0) + 1)
        phase = trial.isProbe ? .stable(since: now) : .measuring(since: nil)
        return .lowered(cutsNow: false)
    }

    mutating func accept(_ rate: Double, at now: Duration) -> Change? {
        if rejected == nil { probeWait = Self.firstProbeWait }
        return keep(rate, at: now)
    }
}
