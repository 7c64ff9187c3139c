internal import Synchronization
internal import Transfer

/// Asks one source after the other for something of a file until one gives it: waits, retries, fails over, gives up.
final class SourceLoop: Sendable {
    private let context: RunContext
    private let path: String
    private let schedule: Mutex<SourceSchedule>
    private let received = Atomic<Int64>(0)

    /// What attempts are about, for messages.
    struct Stake: Sendable {
        /// The byte of the file that is asked for.
        let offset: @Sendable () -> Int64
        /// What is kept when all is lost.
        let kept: @Sendable () -> String

        init(offset: @escaping @Sendable () -> Int64, kept: @escaping @Sendable () -> String) {
            self.offset = offset
            self.kept = kept
        }

        init(offset: Int64, kept: String) { self.init(offset: { offset }, kept: { kept }) }
    }

    init(_ context: RunContext, path: String) {
        self.context = context
        self.path = path
        let policy = RetryPolicy(retries: context.options.retries, delay: context.options.retryDelay)
        schedule = Mutex(SourceSchedule(ranks: context.sources.map(\.rank), policy: policy))
    }

    /// Runs `attempt` against the sources in turn until it returns.
    ///
    /// - Parameters:
    ///   - stake: what a message says of it all.
    ///   - attempt: gets a source and its index. A `TransferError` that it throws leads to the next attempt, anything else ends
    ///     the loop.
    /// - Throws: a ``Failure`` when every source is out, and what `attempt` throws.
    func run<R: Sendable>(
        _ stake: Stake, _ attempt: @Sendable (Source, Int) async throws -> R
    ) async throws -> R {
        var last: (failure: Failure, attempt: Int)?
        while true {
            let gates = context.sources.map { context.gates.until($0.base.origin) }
            let now = context.runtime.time.now()
            let step = schedule.withLock { $0.next(now: now, gates: gates) }
            guard case .ask(let index, let pause) = step else {
                throw exhausted(at: stake.offset(), kept: stake.kept())
            }
            if let last {
                context.countRetry()
                context.emit(.retrying(path: path, last.failure, attempt: last.attempt, pause: pause))
            }
            if pause > .zero { try await context.runtime.time.sleep(pause) }
            try Task.checkCancellation()
            do {
                let result = try await attempt(context.sources[index], index)
                context.reach.answered(index)
                return result
            } catch let error as TransferError {
                // A transfer that ends because the task does is no failure of the source.
                guard error.code != .cancelled else { throw CancellationError() }
                last = note(error, of: index, at: stake.offset())
            }
        }
    }

    /// Body bytes received, wanted or not.
    var receivedBytes: Int64 { received.load(ordering: .relaxed) }

    /// Counts what a body brought.
    func count(_ body: RangeBody) { received.add(body.bytesReceived, ordering: .relaxed) }

    /// Asks one source as long as it stands: the one that is named, or the first.
    func stay(with source: Int?) { schedule.withLock { $0.stay(with: source) } }

    /// A source brought something: whatever failed before is forgiven.
    func progressed(_ source: Int) { schedule.withLock { $0.progressed(source) } }

    /// The bytes of these sources, none others, gave a wrong digest.
    func contradicted(_ sources: Set<Int>) { schedule.withLock { $0.contradicted(sources) } }

    private func note(_ error: TransferError, of index: Int, at offset: Int64) -> (failure: Failure, attempt: Int)? {
        let source = context.sources[index]
        let now = context.runtime.time.now()
        if let pause = error.retryAfter { context.gates.close(source.base.origin, for: pause, now: now) }
        let isOutOfReach = context.reach.note(index, error)
        let attempt = schedule.withLock { schedule in
            var random = context.runtime.random
            return schedule.failed(index, error, isHopeless: isOutOfReach, now: now, using: &random)
        }
        if attempt == nil { context.reach.giveUp(index) }
        let failure = Failure(
            error.disposition == .refuse ? .refused : .unavailable, file: path, source: source.shown, offset: offset,
            error.description, brief: error.brief)
        guard let attempt else {
            let isLast = schedule.withLock { !$0.verdicts.contains(nil) }
            context.emit(.sourceDropped(path: path, failure, isLast: isLast))
            return nil
        }
        return (failure, attempt)
    }

    /// Every source is out: says of each why.
    private func exhausted(at offset: Int64, kept: String) -> Failure {
        let (verdicts, kind) = schedule.withLock { ($0.verdicts, $0.kind) }
        var (reasons, briefs): ([String], [String]) = ([], [])
        for (source, verdict) in zip(context.sources, verdicts) {
            switch verdict {
            case .spent(let error):
                let attempts = context.options.retries + 1
                let count = attempts == 1 ? "1 attempt" : "\(attempts) attempts without progress"
                reasons.append("gave up after \(count): \(error)")
            case .unreachable(let error):
                reasons.append("\(error) (as another file found, so it was not tried as often)")
            case .withheld(let error), .refused(let error): reasons.append(error.description)
            case .contradicted: reasons.append("\(source.shown) has a file with another digest")
            case nil: break
            }
            briefs.append(verdict?.error?.brief ?? "another digest")
        }
        let hint =
            switch kind {
            case .data: "another source may have the right file: --source URL"
            case .refused: "check the address and your network (a log-in page?), or name another source: --source URL"
            // Nobody has it, or gives it to us: patience will not help.
            case _ where !verdicts.contains(where: \.isTemporary):
                "check the address, or name another source: --source URL"
            // Nothing ever came.
            case _ where verdicts.allSatisfy({ $0?.isOutOfReach == true }):
                "check your network and the address, and run the same command again"
            default: "run the same command again: it goes on from there"
            }
        let message = reasons.joined(separator: "; ") + "; " + kept
        return Failure(
            kind, file: path, source: context.sources.count == 1 ? context.sources[0].shown : nil, offset: offset,
            message, brief: briefs.joined(separator: ", "), hint: hint)
    }
}
