internal import Synchronization
internal import Transfer

/// Runs an attempt against each source in turn, with retries and failover, until one succeeds or all are given up.
final class FailoverRunner: Sendable {
    let context: RunContext
    let path: String
    private let schedule: Mutex<SourceSchedule>
    /// Whether each source serves ranges of this file.
    let ranges: Mutex<[RangeSupport]>
    private let received = Atomic<Int64>(0)

    init(_ context: RunContext, path: String) {
        self.context = context
        self.path = path
        schedule = Mutex(Self.schedule(context))
        ranges = Mutex(context.sources.map { _ in RangeSupport() })
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
    ///   - attempt: gets a source and its index. A `TransferError` that it throws leads to the next attempt, anything else ends
    ///     the run of attempts.
    /// - Throws: a ``Failure`` when every source has been given up, ``NothingReachable`` when none ever answered in this run, and what
    ///   `attempt` throws.
    func run<R: Sendable>(
        _ about: AttemptContext, _ attempt: @Sendable (Source, Int) async throws -> R
    ) async throws -> R {
        var last: (failure: Failure, attempt: Int)?
        while true {
            let gates = context.health.all.map(\.notBefore)
            let time = context.runtime.time
            let now = time.now()
            let step = schedule.withLock { $0.next(now: now, gates: gates) }
            guard case .ask(let index, var pause) = step else {
                throw try exhausted(at: about.offset(), kept: about.kept())
            }
            // Another file may reach a source meanwhile, so the remaining time is used to the end.
            if let left = try context.monitor.timeLeft(at: now) { pause = min(pause, left) }
            if let last {
                context.retries.count()
                context.monitor.emit(.retrying(path: path, last.failure, attempt: last.attempt, pause: pause))
            }
            if pause > .zero { try await time.sleep(pause) }
            try Task.checkCancellation()
            _ = try context.monitor.timeLeft(at: time.now())
            do {
                let result = try await attempt(context.sources[index], index)
                context.health.update(index) { $0.answered() }
                return result
            } catch let error as TransferError {
                // A transfer that is cancelled with its task is no failure of the source. One that is cancelled without it is.
                if error.code == .cancelled { try Task.checkCancellation() }
                last = note(error, of: index, at: about.offset())
            }
        }
    }

    /// Body bytes received, including those that were skipped.
    var receivedBytes: Int64 { received.load(ordering: .relaxed) }

    /// Counts the bytes of a body.
    func count(_ body: RangeBody) { received.add(body.bytesReceived, ordering: .relaxed) }

    /// Asks only one source as long as it is not given up; `nil` to ask any.
    func stay(with source: Int?) { schedule.withLock { $0.stay(with: source) } }

    /// Bytes of the file came from a source.
    ///
    /// - Parameter isEnd: whether these were the last bytes of the requested range.
    func received(_ bytes: Int, from source: Int, isEnd: Bool) {
        schedule.withLock { $0.received(source, bytes: Int64(bytes), isEnd: isEnd) }
    }

    /// All bytes came from these sources, and the digest was wrong.
    func contradicted(_ sources: Set<Int>) { schedule.withLock { $0.contradicted(sources) } }

    private func note(_ error: TransferError, of index: Int, at offset: Int64) -> (failure: Failure, attempt: Int)? {
        let source = context.sources[index]
        let error = source.location.asTyped(error)
        let origin = source.location.base.origin
        let now = context.runtime.time.now()
        if let pause = error.retryAfter { context.health.pauseHost(of: index, for: pause, now: now) }
        let isHopeless = context.health.update(index) { $0.failed(error) }
        let isFirst = context.monitor.failed(origin, error)
        let isWaiting = context.options.waitsForNetwork && error.isUnreachable && error.disposition == .retry
        let attempt = schedule.withLock { schedule in
            var random = context.runtime.random
            return schedule.failed(
                index, error, isHopeless: isHopeless, isWaiting: isWaiting, now: now, using: &random)
        }
        if isWaiting, isFirst {
            context.emit(.warning("\(NothingReachable.words(for: origin, error)); waiting for the network"))
        }
        if attempt == nil { context.health.update(index) { $0.giveUp() } }
        let failure = Failure(
            error.disposition == .refuse ? .refused : .unavailable, file: path, source: source.shown, offset: offset,
            error.description, brief: error.brief, remedy: error.remedy.map { Remedy($0) })
        guard let attempt else {
            let isLast = schedule.withLock { !$0.verdicts.contains(nil) }
            context.monitor.emit(.sourceDropped(path: path, failure, isLast: isLast))
            return nil
        }
        return (failure, attempt)
    }

    /// The failure of a file all of whose sources were given up, with the reason for each.
    ///
    /// - Throws: ``NothingReachable`` if none of them could be reached.
    private func exhausted(at offset: Int64, kept: String) throws(NothingReachable) -> Failure {
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
