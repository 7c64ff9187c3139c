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
        case giveUp
    }

    private struct Entry {
        var rank: Int
        var failures = 0
        /// Consecutive attempts that did not reach the source and do not count, because the run waits for the network.
        var waits = 0
        /// Whether the current attempt has made progress.
        var hasProgressed = false
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
    func next(now: Duration, gates: [Duration]) -> Step {
        let candidates = entries.indices.filter { entries[$0].verdict == nil }
        // If the bytes of several sources must not be mixed, another source would have to start from the beginning.
        let first = isAlone || favourite != nil ? [] : candidates.filter { !entries[$0].isLastResort }
        let ready = (first.isEmpty ? candidates : first)
            .map { (index: $0, at: max(entries[$0].notBefore, gates[$0], now)) }
            .min { left, right in
                // The source that can be asked first. Among several, the one with the fewest wrong digests, then the lowest rank.
                key(left.index, at: left.at) < key(right.index, at: right.at)
            }
        guard let ready else { return .giveUp }
        return .ask(source: ready.index, after: ready.at - now)
    }

    private func key(_ index: Int, at moment: Duration) -> (Duration, Int, Int, Int) {
        // The favourite precedes every rank.
        let rank = index == favourite ? Int.min : entries[index].rank
        return (isAlone || index == favourite ? .zero : moment, entries[index].contradictions, rank, index)
    }

    /// Asks only one source as long as it is not given up, because another one would have to start from the beginning; `nil` to ask any.
    mutating func stay(with source: Int?) { favourite = source }

    /// Bytes of the file came from a source. They add up over attempts, so that a link that breaks every few kilobytes still makes
    /// progress.
    ///
    /// - Parameter isEnd: whether these were the last bytes of the requested range.
    mutating func received(_ source: Int, bytes: Int64, isEnd: Bool) {
        entries[source].hasDelivered = true
        entries[source].isLastResort = false
        entries[source].gained += bytes
        if isEnd || entries[source].gained >= Self.progressBytes { progressed(source) }
    }

    /// A source made progress: earlier failures of all sources are forgotten, and so is the end of this attempt.
    mutating func progressed(_ source: Int) {
        entries[source].hasProgressed = true
        entries[source].gained = 0
        for index in entries.indices where entries[index].verdict == nil {
            entries[index].failures = 0
            entries[index].notBefore = .zero
        }
    }

    /// An attempt failed.
    ///
    /// - Parameters:
    ///   - isHopeless: whether another file has already spent all its attempts on the same (``SourceHealth``).
    ///   - isWaiting: whether the run waits for the network, so that the failure does not count.
    /// - Returns: the number of consecutive attempts without progress if the source may be asked again; `nil` if it is given up.
    mutating func failed(
        _ source: Int, _ error: TransferError, isHopeless: Bool = false, isWaiting: Bool = false, now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> Int? {
        if isWaiting {
            entries[source].waits += 1
            entries[source].notBefore = now + policy.pause(attempt: entries[source].waits, using: &generator)
            return entries[source].waits
        }
        entries[source].waits = 0
        if !entries[source].hasProgressed { entries[source].failures += 1 }
        entries[source].hasProgressed = false
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
        return entries[source].verdict == nil ? max(entries[source].failures, 1) : nil
    }

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
