internal import Transfer

/// Which source to ask next for a file, and when. A value: it decides and never waits.
///
/// After a failure that may pass, a source is left alone for a back-off time, and the next one in rank is asked meanwhile. Any progress
/// resets the failures, so only consecutive attempts without progress count. A source whose answer was final or wrong is given up for
/// this file. The file fails when every source is given up.
struct SourceSchedule: Sendable {
    enum Step: Hashable, Sendable {
        /// Ask this source after the pause.
        case ask(source: Int, after: Duration)
        /// The sources whose turn it is have no connection free.
        case full
        case giveUp
    }

    /// An attempt to fetch something from a source. Several may be under way at once.
    struct Attempt: Hashable, Sendable {
        let source: Int
        /// How many failures of the source had been counted when it began.
        fileprivate let round: Int
        /// Whether it has made progress.
        fileprivate(set) var hasProgressed = false
    }

    /// What follows from the failure of an attempt.
    enum Consequence: Hashable, Sendable {
        /// The source may be asked again. `attempts` without progress have failed in a row. Of attempts that were under way together and
        /// failed, only the first `isNew`: a broken network counts once, whatever the number of connections.
        case retry(attempts: Int, isNew: Bool)
        case giveUp
    }

    /// How busy a source is.
    struct Load: Hashable, Sendable {
        /// How many connections the file has to it.
        var connections = 0
        /// Whether it may have one more.
        var hasRoom = true
        /// Whether it is so slow that a source of a worse rank is tried.
        var isCrawling = false
    }

    private struct Entry {
        var rank: Int
        var failures = 0
        /// Consecutive attempts that did not reach the source and do not count, because the run waits for the network.
        var waits = 0
        /// How many failures were counted.
        var round = 0
        /// Whether any byte of the file ever came from it.
        var hasDelivered = false
        /// Whether it delivered a part of the file and then denied it. It is asked again only if no other source is left.
        var isLastResort = false
        /// Bytes since its last progress, over all attempts.
        var gained: Int64 = 0
        var contradictions = 0
        var notBefore: Duration = .zero
        var verdict: SourceVerdict?
    }

    /// How many bytes count as progress, in however many attempts. The end of the requested range counts as well.
    static let progressBytes: Int64 = 16 << 10
    /// How often a source may deliver a file with a wrong digest. Once may be an accident of the transfer.
    private static let contradictionsAllowed = 2

    private let policy: RetryPolicy
    private var entries: [Entry]
    /// Whether a single source is asked until it is given up. Set if the bytes of several sources were wrong together, because it is not
    /// known whose were right.
    private var isAlone = false
    /// The source of the bytes on the disk, if only this source can continue them.
    private var favourite: Int?
    /// The source that is suspected of wrong bytes.
    private var accused: Int?

    /// - Parameter ranks: one for each source; lower ones are asked first.
    init(ranks: [Int], policy: RetryPolicy) {
        self.policy = policy
        entries = ranks.map { Entry(rank: $0) }
    }

    /// Why each source was given up; `nil` for those that were not.
    var verdicts: [SourceVerdict?] { entries.map(\.verdict) }

    /// The failure of the file if all sources were given up.
    var outcome: SourceOutcome { SourceOutcome(verdicts: entries.compactMap(\.verdict)) }

    /// - Parameters:
    ///   - now: the time, on the scale of every other time here.
    ///   - gates: until when each source's host wants to be left alone.
    ///   - loads: how busy each source is; by default none is.
    func next(now: Duration, gates: [Duration], loads: [Load]? = nil) -> Step {
        let loads = loads ?? entries.map { _ in Load() }
        let open = entries.indices.filter { entries[$0].verdict == nil }
        // A source that must deliver the whole file alone is asked whatever it is suspected of, and however slow it is.
        let trusted = open.filter { isAlone || $0 != accused }
        let candidates = trusted.isEmpty ? open : trusted
        // If the bytes of several sources must not be mixed, another source would have to start from the beginning.
        let first = isAlone || favourite != nil ? [] : candidates.filter { !entries[$0].isLastResort }
        let line = (first.isEmpty ? candidates : first).map { index in
            let at = max(entries[index].notBefore, gates[index], now)
            return (index: index, at: at, key: key(index, at: at, isCrawling: loads[index].isCrawling))
        }
        // The source that can be asked first. Among several, the one with the fewest wrong digests, then the lowest rank.
        guard let best = line.min(by: { ($0.key, $0.index) < ($1.key, $1.index) }) else { return .giveUp }
        if isAlone { return loads[best.index].hasRoom ? .ask(source: best.index, after: best.at - now) : .full }
        // Sources of one rank share the work.
        let equals = line.filter { $0.key == best.key && loads[$0.index].hasRoom }
        let ready = equals.min { (loads[$0.index].connections, $0.index) < (loads[$1.index].connections, $1.index) }
        guard let ready else { return .full }
        return .ask(source: ready.index, after: ready.at - now)
    }

    private func key(_ index: Int, at moment: Duration, isCrawling: Bool) -> Key {
        // The favourite precedes every rank.
        let rank = index == favourite ? Int.min : entries[index].rank
        return Key(
            moment: isAlone || index == favourite ? .zero : moment, contradictions: entries[index].contradictions,
            isCrawling: isCrawling && !isAlone, rank: rank)
    }

    /// In which order sources are asked.
    private struct Key: Comparable {
        var moment: Duration
        var contradictions: Int
        var isCrawling: Bool
        var rank: Int

        static func < (left: Self, right: Self) -> Bool {
            (left.moment, left.contradictions, left.isCrawling ? 1 : 0, left.rank)
                < (right.moment, right.contradictions, right.isCrawling ? 1 : 0, right.rank)
        }
    }

    /// Asks only one source as long as it is not given up, because another one would have to start from the beginning; `nil` to ask any.
    mutating func stay(with source: Int?) { favourite = source }

    /// An attempt begins.
    func begin(_ source: Int) -> Attempt { Attempt(source: source, round: entries[source].round) }

    /// Bytes of the file came from a source. They add up over attempts, so that a link that breaks every few kilobytes still makes
    /// progress.
    ///
    /// - Parameter isEnd: whether these were the last bytes of the requested range.
    mutating func received(_ attempt: inout Attempt, bytes: Int64, isEnd: Bool) {
        let source = attempt.source
        entries[source].hasDelivered = true
        entries[source].isLastResort = false
        entries[source].gained += bytes
        if isEnd || entries[source].gained >= Self.progressBytes { progressed(&attempt) }
    }

    /// A source made progress: its earlier failures are forgotten, and so is the end of this attempt.
    mutating func progressed(_ attempt: inout Attempt) {
        attempt.hasProgressed = true
        entries[attempt.source].gained = 0
        guard entries[attempt.source].verdict == nil else { return }
        entries[attempt.source].failures = 0
        entries[attempt.source].notBefore = .zero
    }

    /// An attempt failed.
    ///
    /// - Parameters:
    ///   - isHopeless: whether another file has already spent all its attempts on the same (``SourceHealth``).
    ///   - isWaiting: whether the run waits for the network, so that the failure does not count.
    mutating func failed(
        _ attempt: Attempt, _ error: TransferError, isHopeless: Bool = false, isWaiting: Bool = false, now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> Consequence {
        let source = attempt.source
        let isNew = attempt.round == entries[source].round
        if isWaiting {
            guard isNew else { return .retry(attempts: entries[source].waits, isNew: false) }
            entries[source].round += 1
            entries[source].waits += 1
            entries[source].notBefore = now + policy.pause(attempt: entries[source].waits, using: &generator)
            return .retry(attempts: entries[source].waits, isNew: true)
        }
        // What ends the use of a source does so however many attempts are under way.
        if !isNew, entries[source].verdict != nil || error.disposition == .retry || error.code == .cancelled {
            return entries[source].verdict == nil ? .retry(attempts: entries[source].failures, isNew: false) : .giveUp
        }
        entries[source].round += 1
        entries[source].waits = 0
        if !attempt.hasProgressed { entries[source].failures += 1 }
        // A server that has delivered a part of the file has it. That it denies it now may pass.
        let mayPass = entries[source].hasDelivered && [403, 404].contains(error.status)
        if mayPass { entries[source].isLastResort = true }
        // A transfer that was cancelled on this machine although the task was not is retried, too.
        let decision = policy.decision(
            after: error, attemptsWithoutProgress: entries[source].failures,
            disposition: mayPass || error.code == .cancelled ? .retry : nil, using: &generator)
        switch decision {
        case .giveUp where mayPass: entries[source].verdict = .withheld(error)
        case .retry where isHopeless: entries[source].verdict = .unreachable(error)
        case .retry(let pause): entries[source].notBefore = now + pause
        case .nextSource: entries[source].verdict = .withheld(error)
        case .refuse: entries[source].verdict = .refused(error)
        case .giveUp: entries[source].verdict = .spent(error)
        }
        guard entries[source].verdict == nil else { return .giveUp }
        return .retry(attempts: max(entries[source].failures, 1), isNew: true)
    }

    // MARK: Wrong digests

    /// A source was caught too often, with whatever file: it is not asked for this one.
    mutating func exclude(_ source: Int) {
        if entries[source].verdict == nil { entries[source].verdict = .contradicted }
    }

    /// Until the next digest, asks the source only if there is no other one; `nil` for none.
    mutating func accuse(_ source: Int?) { accused = source }

    /// All bytes came from these sources, and the digest was wrong.
    ///
    /// A single source is to blame. Of several sources any may be to blame, so from now on each must deliver the whole file alone.
    mutating func contradicted(_ sources: Set<Int>) {
        guard sources.count == 1, let source = sources.first else {
            isAlone = true
            return
        }
        entries[source].contradictions += 1
        if entries[source].contradictions >= Self.contradictionsAllowed { entries[source].verdict = .contradicted }
    }
}
