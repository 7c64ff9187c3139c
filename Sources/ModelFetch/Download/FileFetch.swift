internal import Storage
internal import Threads
internal import Transfer

/// Fetches the missing ranges of one file, over as many connections as the run's ``ConnectionPool`` gives it.
///
/// One task plans: it gives out leases (``RangePlanner``) and looks after those that are under way. Each lease is fetched by a task of its
/// own (`FileFetch+Lease`), which ends with its lease.
final class FileFetch: Sendable {
    let download: FileDownload
    let partial: PartialFile
    let context: RunContext
    let runner: FailoverRunner
    let planner: Lock<RangePlanner>
    let signal = Signal()
    /// Where each source's redirects lead.
    let targets: [RedirectTarget]
    /// The file, to the pool.
    let user: ConnectionPool.User
    let state = Lock(State())

    struct State {
        var controls: [Lease.ID: LeaseControl] = [:]
        /// What failed, and is announced when another attempt follows.
        var failed: [FailedAttempt] = []
        /// The refusal of a connection that asked to leave the host alone for a while. Said if the file has to wait because of it.
        var gated: FailedAttempt?
        /// When the leases were last looked after.
        var tendedAt: Duration = .zero
        var flushedAt: Duration = .zero
        /// What the sources that are asked have brought since their last progress.
        var gains: [Int: Gain] = [:]
        /// How many times longer than usual a silence may be before a connection is given up.
        var patience = 1
        /// Whether it was said that bytes come, and nothing else since.
        var isReceiving = false
        /// No connection beyond the limit before this, because one was refused.
        var extraAfter: Duration = .zero
        /// When a connection was refused since which nothing has come.
        var refusedAt: Duration?
    }

    /// What a source has brought since it last made progress, or was first asked.
    struct Gain {
        private var bytes: Int64 = 0
        private var since: Duration

        /// How many connections to it were cut since.
        var cuts = 0
        /// Since when it is not asked for anything.
        private var idleSince: Duration?

        init(since: Duration) { self.since = since }

        /// It is asked for nothing more. That time does not count.
        mutating func rest(at now: Duration) { idleSince = idleSince ?? now }

        mutating func goOn(at now: Duration) {
            if let idleSince { since += now - idleSince }
            idleSince = nil
        }

        /// For how long it has been asked since.
        func time(at now: Duration) -> Duration { (idleSince ?? now) - since }

        /// - Returns: whether it is enough to count as progress.
        mutating func add(_ count: Int64, at now: Duration) -> Bool {
            bytes += count
            guard bytes >= SourceSchedule.progressBytes else { return false }
            self = Gain(since: now)
            return true
        }
    }

    init(_ download: FileDownload, _ partial: PartialFile) {
        self.download = download
        self.partial = partial
        context = download.context
        runner = download.runner
        planner = Lock(RangePlanner(missing: partial.gaps, sizes: context.runtime.leases))
        targets = context.sources.map { _ in RedirectTarget() }
        user = context.pool.enter(signal)
    }

    var pool: ConnectionPool { context.pool }
    var now: Duration { context.runtime.time.now() }

    /// Returns when nothing is missing.
    ///
    /// - Throws: a ``Failure`` when every source has been given up, ``NothingReachable``, `StorageError`, and `CancellationError`.
    func run() async throws {
        defer { pool.leave(user) }
        try await withThrowingDiscardingTaskGroup { group in
            // If a lease fails for a reason of our own, the group is cancelled and throws its error.
            while !group.isCancelled {
                try Task.checkCancellation()
                try tend()
                switch try next() {
                case .fetch(let lease, let attempt):
                    let control = LeaseControl()
                    state.withLock { $0.controls[lease.id] = control }
                    // Its rival may have completed it before its control could be found.
                    if planner.withLock({ $0[lease.id]?.rest.isEmpty == true }) { control.cancel() }
                    group.addTask { try await self.fetch(lease, attempt, control) }
                case .wait: await signal.wait()
                case .pause(let pause):
                    try await context.runtime.time.sleep(pause)
                    _ = try context.monitor.timeLeft(at: now)
                case .done:
                    cancelLeases()
                    return
                }
            }
            try Task.checkCancellation()
        }
    }

    // MARK: Giving out leases

    private enum Step {
        case fetch(Lease, SourceAttempt)
        /// Nothing can be done before something changes.
        case wait
        /// No lease is under way, and no source may be asked yet.
        case pause(Duration)
        case done
    }

    private func next() throws -> Step {
        let now = now
        let (isDone, isIdle) = planner.withLock { ($0.isDone, $0.leases.isEmpty) }
        if isDone { return .done }
        var loads = loads(at: now)
        /// The sources that had no connection free.
        var full: Set<Int> = []
        defer { pool.stopWaiting(user, except: full) }
        while true {
            let step = runner.step(at: now, loads: loads)
            switch step {
            case .giveUp where isIdle:
                throw try runner.exhausted(
                    at: partial.firstGap()?.lowerBound ?? download.size, kept: download.kept(partial))
            case .giveUp, .full: return .wait
            case .ask(let source, var pause):
                if isIdle, let left = try context.monitor.timeLeft(at: now) { pause = min(pause, left) }
                guard isIdle || pause == .zero else { return .wait }
                announceFailures(pause: pause)
                guard pause == .zero else {
                    // While it sleeps, it would only keep others from a free connection.
                    full = []
                    return .pause(pause)
                }
                guard hasWork(for: source, at: now) else {
                    loads[source].hasRoom = false
                    continue
                }
                if let lease = take(source, at: now) { return .fetch(lease, runner.begin(source)) }
                full.insert(source)
                loads[source].hasRoom = false
            }
        }
    }

    private func loads(at now: Duration) -> [SourceSchedule.Load] {
        let leases = planner.withLock { $0.leases }
        let known = context.sources.indices.map { pool.knowledge(of: $0, at: now) }
        let best = known.compactMap(\.rate).max() ?? 0
        return context.sources.indices.map { source in
            let mine = leases.filter { $0.source == source }
            var load = SourceSchedule.Load(connections: mine.count)
            // It is not known yet whether it serves ranges, or known that it does not.
            if !mine.isEmpty, !runner.servesRanges(source) { load.hasRoom = false }
            load.isCrawling = known[source].isCrawling(beside: best) || isStarving(with: source, at: now)
            return load
        }
    }

    /// Whether there is a range to lease to another connection to a source.
    private func hasWork(for source: Int, at now: Duration) -> Bool {
        planner.withLock { planner in
            var trial = planner
            return lease(from: &trial, source, at: now) != nil
        }
    }

    /// Takes a connection to a source, and leases it a range.
    private func take(_ source: Int, at now: Duration) -> Lease? {
        // Where one or two connections are all that pays, a silent one holds up everything. Where there are more, the others will be free.
        let isStuck =
            pool.knowledge(of: source, at: now).limit <= 2 && now >= state.withLock { $0.extraAfter }
            && planner.withLock { planner in
                let silent = planner.silent(at: now, after: silence(of: source, at: now))
                return !silent.isEmpty && silent.count == planner.leases.count
            }
        guard pool.take(source, for: user, isExtra: isStuck) == .taken else { return nil }
        guard let lease = planner.withLock({ planner in lease(from: &planner, source, at: now) }) else {
            // What was to be leased has come meanwhile.
            pool.giveBack(source, for: user, wasWorking: false)
            return nil
        }
        state.withLock { $0.gains[source, default: Gain(since: now)].goOn(at: now) }
        tell(lease)
        return lease
    }

    /// Says so if a lease is of bytes that another connection was to bring.
    private func tell(_ lease: Lease) {
        guard lease.victim != nil || lease.rival != nil else { return }
        let what =
            lease.rival == nil
            ? "taken over from another connection" : "fetched a second time, because a connection is silent"
        let (rest, source) = (lease.rest, context.sources[lease.source].shown)
        context.emit(
            .debug("\(printable(download.path)): \(rest.lowerBound)–\(rest.upperBound) from \(source): \(what)"))
    }

    /// Whether leases are divided among connections to a source. With a limit of the rate that would make nothing faster, and each
    /// connection that is ended costs what the kernel has received for it.
    private func isDividing(_ source: Int) -> Bool {
        runner.servesRanges(source) && context.options.rateLimit == nil
    }

    private func lease(from planner: inout RangePlanner, _ source: Int, at now: Duration) -> Lease? {
        let known = pool.knowledge(of: source, at: now)
        let latency = known.latency ?? .milliseconds(100)
        return planner.lease(of: source, expecting: known.rate, among: known.limit, at: now)
            ?? (isDividing(source)
                ? planner.steal(for: source, expecting: known.rate, latency: latency, at: now) : nil)
            ?? planner.hedge(for: source, silence: silence(of: source, at: now), at: now)
    }

    private func announceFailures(pause: Duration) {
        let failed = state.withLock { state in
            defer { (state.failed, state.gated) = ([], nil) }
            return state.failed + (pause > .zero ? [state.gated].compactMap { $0 } : [])
        }
        for failed in failed {
            state.withLock { $0.isReceiving = false }
            runner.announce(failed, pause: pause)
        }
    }

    /// An attempt has failed; that is announced when another one follows.
    func failed(_ attempt: FailedAttempt) { state.withLock { $0.failed.append(attempt) } }
}
