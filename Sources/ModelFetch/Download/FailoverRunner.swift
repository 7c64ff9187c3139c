internal import Synchronization
internal import Threads
internal import Transfer

/// Runs an attempt against each source in turn, with retries and failover, until one succeeds or all are given up.
final class FailoverRunner: Sendable {
    let context: RunContext
    let path: String
    private let schedule: Lock<SourceSchedule>
    /// Whether each source serves ranges of this file.
    let ranges: Lock<[RangeSupport]>
    private let received = Atomic<Int64>(0)
    private let duplicated = Atomic<Int64>(0)

    init(_ context: RunContext, path: String) {
        self.context = context
        self.path = path
        schedule = Lock(Self.schedule(context))
        ranges = Lock(context.sources.map { _ in RangeSupport() })
    }

    private static func schedule(_ context: RunContext) -> SourceSchedule {
        let policy = RetryPolicy(retries: context.options.retries, delay: context.options.retryDelay)
        return SourceSchedule(ranks: context.sources.map(\.rank), policy: policy)
    }

    /// Forgets all failures of the sources.
    func forgive() { schedule.withLock { $0 = Self.schedule(context) } }

    /// Runs `attempt` against the sources in turn until it returns.
    ///
    /// - Parameters:
    ///   - about: what messages say about the attempts.
    ///   - attempt: gets a source and its index, and the attempt, to note what it brings. A `TransferError` that it throws leads to the
    ///     next attempt, anything else ends the run of attempts.
    /// - Throws: a ``Failure`` when every source has been given up, ``NothingReachable`` when none ever answered in this run, and what
    ///   `attempt` throws.
    func run<R: Sendable>(
        _ about: AttemptContext, _ attempt: @Sendable (Source, SourceAttempt) async throws -> R
    ) async throws -> R {
        var last: FailedAttempt?
        while true {
            let time = context.runtime.time
            let now = time.now()
            guard case .ask(let index, var pause) = step(at: now) else {
                throw try exhausted(at: about.offset(), kept: about.kept())
            }
            // Another file may reach a source meanwhile, so the remaining time is used to the end.
            if let left = try context.monitor.timeLeft(at: now) { pause = min(pause, left) }
            if let last { announce(last, pause: pause) }
            if pause > .zero { try await time.sleep(pause) }
            try Task.checkCancellation()
            _ = try context.monitor.timeLeft(at: time.now())
            let current = begin(index)
            do {
                let result = try await attempt(context.sources[index], current)
                context.health.update(index) { $0.answered() }
                return result
            } catch let error as TransferError {
                // A transfer that is cancelled with its task is no failure of the source. One that is cancelled without it is.
                if error.code == .cancelled { try Task.checkCancellation() }
                last = note(error, of: current, at: about.offset())
            }
        }
    }

    // MARK: Step by step

    /// Which source to ask next, and when.
    ///
    /// - Parameter loads: how busy each source is; by default none is.
    func step(at now: Duration, loads: [SourceSchedule.Load]? = nil) -> SourceSchedule.Step {
        let health = context.health.all
        return schedule.withLock { schedule in
            for (index, health) in health.enumerated() where health.timesCaught >= SourceHealth.mostCaught {
                schedule.exclude(index)
            }
            return schedule.next(now: now, gates: health.map(\.notBefore), loads: loads)
        }
    }

    /// An attempt with a source begins.
    func begin(_ source: Int) -> SourceAttempt { SourceAttempt(schedule.withLock { $0.begin(source) }) }

    /// Says that another attempt follows after a failed one.
    func announce(_ failed: FailedAttempt, pause: Duration) {
        context.retries.count()
        context.monitor.emit(.retrying(path: path, failed.failure, attempt: failed.attempt, pause: pause))
    }

    /// Body bytes received, including those that were skipped.
    var receivedBytes: Int64 { received.load(ordering: .relaxed) }

    /// Counts the bytes of a body.
    func count(_ body: RangeBody, from source: Int) {
        received.add(body.bytesReceived, ordering: .relaxed)
        context.tally.add(body.bytesReceived, from: source)
    }

    /// Bytes that came although they were here already: from two connections that fetched the same range, or from a server that
    /// sends only whole files.
    var duplicatedBytes: Int64 { duplicated.load(ordering: .relaxed) }

    /// Counts bytes that were here already.
    func countDuplicated(_ bytes: Int64) { duplicated.add(bytes, ordering: .relaxed) }

    /// Asks only one source as long as it is not given up; `nil` to ask any.
    func stay(with source: Int?) { schedule.withLock { $0.stay(with: source) } }

    /// Bytes of the file came with an attempt.
    ///
    /// - Parameter isEnd: whether these were the last bytes of the requested range.
    func received(_ bytes: Int, with attempt: SourceAttempt, isEnd: Bool) {
        schedule.withLock { schedule in
            attempt.update { schedule.received(&$0, bytes: Int64(bytes), isEnd: isEnd) }
        }
    }

    /// All bytes came from these sources, and the digest was wrong.
    func contradicted(_ sources: Set<Int>) { schedule.withLock { $0.contradicted(sources) } }

    /// Until the next digest, asks a source only if there is no other one; `nil` for none.
    func accuse(_ source: Int?) { schedule.withLock { $0.accuse(source) } }

    /// An attempt failed.
    ///
    /// - Returns: what is to be announced (``announce(_:pause:)``) when another attempt follows; `nil` if the source was given up, or if an
    ///   attempt that was under way at the same time has failed before.
    func note(_ error: TransferError, of attempt: SourceAttempt, at offset: Int64) -> FailedAttempt? {
        let index = attempt.source
        let source = context.sources[index]
        let error = source.location.asTyped(error)
        let origin = source.location.base.origin
        let now = context.runtime.time.now()
        if let pause = error.retryAfter { context.health.pauseHost(of: index, for: pause, now: now) }
        let isHopeless = context.health.update(index) { $0.failed(error) }
        let isFirst = context.monitor.failed(origin, error)
        let isWaiting = context.options.waitsForNetwork && error.isUnreachable && error.disposition == .retry
        let (consequence, wasGivenUp) = schedule.withLock { schedule in
            var random = context.runtime.random
            let wasGivenUp = schedule.verdicts[index] != nil
            let consequence = schedule.failed(
                attempt.value, error, isHopeless: isHopeless, isWaiting: isWaiting, now: now, using: &random)
            return (consequence, wasGivenUp)
        }
        if isWaiting, isFirst {
            context.emit(.warning("\(NothingReachable.words(for: origin, error)); waiting for the network"))
        }
        let failure = failure(error, of: index, at: offset)
        switch consequence {
        case .retry(let attempts, let isNew): return isNew ? FailedAttempt(failure: failure, attempt: attempts) : nil
        case .giveUp:
            guard !wasGivenUp else { return nil }
            context.health.update(index) { $0.giveUp() }
            let isLast = schedule.withLock { !$0.verdicts.contains(nil) }
            context.monitor.emit(.sourceDropped(path: path, failure, isLast: isLast))
            return nil
        }
    }

    /// The failure of one attempt.
    func failure(_ error: TransferError, of source: Int, at offset: Int64) -> Failure {
        Failure(
            error.disposition == .refuse ? .refused : .unavailable, file: path, source: context.sources[source].shown,
            offset: offset, error.description, brief: error.brief, remedy: error.remedy.map { Remedy($0) })
    }

    /// The failure of a file all of whose sources were given up, with the reason for each.
    ///
    /// - Throws: ``NothingReachable`` if none of them could be reached.
    func exhausted(at offset: Int64, kept: String) throws(NothingReachable) -> Failure {
        let outcome = schedule.withLock { $0.outcome }
        let verdicts = outcome.verdicts
        try context.monitor.endIfUnreachable(verdicts.map(\.error))
        let attempts = context.options.retries &+ 1
        let reasons = zip(context.sources, verdicts).map { $1.reason($0.shown, attempts: attempts) }
        return Failure(
            outcome.kind, file: path, source: context.sources.count == 1 ? context.sources[0].shown : nil,
            offset: offset, reasons.joined(separator: "; ") + "; " + kept,
            brief: verdicts.map(\.brief).joined(separator: ", "), remedy: outcome.remedy)
    }
}

/// An attempt that has failed and is followed by another one.
struct FailedAttempt: Sendable {
    let failure: Failure
    /// How many attempts without progress have failed in a row.
    let attempt: Int
}

/// An attempt to fetch something from a source, as its task holds it.
final class SourceAttempt: Sendable {
    /// The index of the source.
    let source: Int
    private let attempt: Lock<SourceSchedule.Attempt>

    init(_ attempt: SourceSchedule.Attempt) {
        source = attempt.source
        self.attempt = Lock(attempt)
    }

    var value: SourceSchedule.Attempt { attempt.withLock { $0 } }

    func update(_ change: (inout SourceSchedule.Attempt) -> Void) { attempt.withLock { change(&$0) } }
}
