internal import Transfer

/// Which source to ask next for a file, and when: a value that decides and never waits.
///
/// A source that failed for now is left alone for its back-off, and the next one in rank is asked meanwhile. Any progress
/// forgives all failures, so the attempts that count are those in a row that brought nothing. A source that answered
/// something final or wrong is out for this file. When every source is out, so is the file.
struct SourceSchedule: Sendable {
    /// Why a source is out.
    enum Verdict: Hashable, Sendable {
        /// It could not be reached, or did not deliver, as often as was allowed.
        case spent(TransferError)
        /// It could not be reached, and another file of the run has tried that as often as was allowed.
        case unreachable(TransferError)
        /// It does not have the file, or does not give it to us.
        case withheld(TransferError)
        /// It answered something wrong or unsafe.
        case refused(TransferError)
        /// It delivered everything, and the digest was wrong.
        case contradicted
    }

    enum Step: Hashable, Sendable {
        /// Ask this source when the pause is over.
        case ask(source: Int, after: Duration)
        case giveUp
    }

    private struct Entry {
        var rank: Int
        var failures = 0
        /// Attempts in a row that reached nobody and did not count, for those who wait for the network.
        var waits = 0
        /// Whether the attempt under way brought enough.
        var hasProgressed = false
        /// Whether any byte of the file ever came from it.
        var hasDelivered = false
        /// Whether it gave a part of the file and then denied it: it is asked again only where no other is left.
        var isLastResort = false
        /// Bytes since its last progress, over all attempts.
        var gained: Int64 = 0
        var contradictions = 0
        var notBefore: Duration = .zero
        var verdict: Verdict?
    }

    /// So much must come for it to count as progress, in however many attempts, or the end of what was asked for.
    static let progressBytes: Int64 = 16 << 10
    /// How often a source may deliver a file with a wrong digest: once may be an accident on the way.
    private static let contradictionsAllowed = 2

    private let policy: RetryPolicy
    private var entries: [Entry]
    /// Whether one source alone is asked for as long as it stands: set when the bytes of several together were wrong, since
    /// nobody can tell then whose were right.
    private var isAlone = false
    /// The source that has given what is here, which alone can go on with it.
    private var favourite: Int?

    /// - Parameter ranks: one a source; lower ones are asked first.
    init(ranks: [Int], policy: RetryPolicy) {
        self.policy = policy
        entries = ranks.map { Entry(rank: $0) }
    }

    /// Why each source is out; `nil` for those that are not.
    var verdicts: [Verdict?] { entries.map(\.verdict) }

    /// - Parameters:
    ///   - now: the time, on the scale of every other time here.
    ///   - gates: until when each source's host wants to be left alone.
    func next(now: Duration, gates: [Duration]) -> Step {
        let standing = entries.indices.filter { entries[$0].verdict == nil }
        // Where the bytes of several cannot be told apart, another source would have to begin at the start.
        let first = isAlone || favourite != nil ? [] : standing.filter { !entries[$0].isLastResort }
        let ready = (first.isEmpty ? standing : first)
            .map { (index: $0, at: max(entries[$0].notBefore, gates[$0], now)) }
            .min { left, right in
                // Whoever can be asked first; among those that can be asked now, the one that contradicted least, then rank.
                key(left.index, at: left.at) < key(right.index, at: right.at)
            }
        guard let ready else { return .giveUp }
        return .ask(source: ready.index, after: ready.at - now)
    }

    private func key(_ index: Int, at moment: Duration) -> (Duration, Int, Int, Int) {
        // No tuple of five can be compared with another: a favourite stands before every rank.
        let rank = index == favourite ? Int.min : entries[index].rank
        return (isAlone || index == favourite ? .zero : moment, entries[index].contradictions, rank, index)
    }

    /// Asks one source as long as it stands, since another one would have to begin at the start; `nil`: whichever comes first.
    mutating func stay(with source: Int?) { favourite = source }

    /// Bytes of the file came from a source. They add up over attempts: a link that is cut every few kilobytes gets there, too.
    ///
    /// - Parameter isEnd: whether these were the last of what was asked for.
    mutating func received(_ source: Int, bytes: Int64, isEnd: Bool) {
        entries[source].hasDelivered = true
        entries[source].isLastResort = false
        entries[source].gained += bytes
        if isEnd || entries[source].gained >= Self.progressBytes { progressed(source) }
    }

    /// A source brought something: what failed before is forgiven, and so is the end of this attempt.
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
    ///   - isHopeless: whether another file has tried in vain already what would be tried again.
    ///   - isWaiting: whether it was for want of a network, and is not to be counted.
    /// - Returns: the attempts in a row of this source that brought nothing, if it may be asked again; `nil` if it is out.
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
        // A server that has given a part of the file has it: that it is denied or missing now may be over in a moment.
        let mayPass = entries[source].hasDelivered && [403, 404].contains(error.status)
        if mayPass { entries[source].isLastResort = true }
        // Nor is a transfer that was broken off here, by nobody who may, a reason to end the run.
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

    /// The bytes of these sources, none others, gave a wrong digest.
    ///
    /// One source alone is to blame for its bytes. Of several it may have been any: from now on each has to deliver alone.
    mutating func contradicted(_ sources: Set<Int>) {
        guard sources.count == 1, let source = sources.first else {
            isAlone = true
            return
        }
        entries[source].contradictions += 1
        if entries[source].contradictions >= Self.contradictionsAllowed { entries[source].verdict = .contradicted }
    }

    /// The kind of failure that a file has whose sources are all out.
    var kind: Failure.Kind {
        let verdicts = entries.compactMap(\.verdict)
        var (spent, refused, contradicted) = (false, true, false)
        for verdict in verdicts {
            if Optional(verdict).isTemporary { spent = true }
            if case .contradicted = verdict { contradicted = true }
            if case .refused = verdict {} else { refused = false }
        }
        // A source that only failed for now may still be right: that is worth another run.
        if spent { return .unavailable }
        if contradicted { return .data }
        return refused && !verdicts.isEmpty ? .refused : .unavailable
    }
}

extension SourceSchedule.Verdict {
    /// What the source failed with; `nil` where it delivered.
    var error: TransferError? {
        switch self {
        case .spent(let error), .unreachable(let error), .withheld(let error), .refused(let error): error
        case .contradicted: nil
        }
    }

    /// Whether no way led there.
    var isOutOfReach: Bool {
        error?.isUnreachable == true
    }
}

extension SourceSchedule.Verdict? {
    /// Whether another run may find the source better.
    var isTemporary: Bool {
        switch self {
        case .spent, .unreachable: true
        default: false
        }
    }
}
