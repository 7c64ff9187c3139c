internal import Storage
internal import Threads

/// Looks after the leases that are under way.
extension FileFetch {
    /// How often written bytes are recorded, however few they are.
    private static let flushInterval: Duration = .seconds(1)
    /// After how many turns without one it is clear that the process has not run.
    private static let missedTurns = 3
    /// After how many cut connections without progress a source may be stalled.
    private static let mostCuts = 8
    /// After how long without progress sources that have not been asked come first, whatever their rank.
    private static let longestStarving: Duration = .seconds(10)
    /// How long no connection beyond the limit is tried after a refusal.
    private static let extraPause: Duration = .seconds(5)

    /// How long a connection may be silent before its rest is fetched over another one.
    func silence(of source: Int, at now: Duration) -> Duration {
        max(.seconds(1), (pool.knowledge(of: source, at: now).latency ?? .zero) * 4)
    }

    /// Ends the leases that are too slow, or that other files need the connections of, and records what was written.
    func tend() throws(StorageError) {
        let now = now
        for sources in pool.takeYields(of: user) {
            guard let lease = planner.withLock({ $0.dispensable(of: sources) }) else { continue }
            cut(lease, "its connection is needed")
        }
        guard let interval = context.runtime.interval else { return }
        let passed = state.withLock { state in
            let passed = now - state.tendedAt
            if passed >= interval { state.tendedAt = now }
            return passed
        }
        guard passed >= interval else { return }
        // It was not the connections that stood still, but this process or the machine: what has come since waits in the kernel.
        if passed > interval * Self.missedTurns { planner.withLock { $0.excuseSilence(at: now) } }
        replaceSlow(at: now)
        let isFlushDue = state.withLock { state in
            guard now - state.flushedAt >= Self.flushInterval else { return false }
            state.flushedAt = now
            return true
        }
        if isFlushDue { try partial.flush() }
    }

    /// Ends the leases that are far slower than the others, or silent.
    private func replaceSlow(at now: Duration) {
        let (leases, slow) = planner.withLock { ($0.leases, $0.slow(at: now)) }
        for lease in leases where slow.contains(lease.id) {
            cut(lease, "it is far slower than the others", asFailure: true)
            pool.wasSlow(lease.source, at: now)
        }
        cutSilent(at: now)
    }

    /// Ends silent leases if nothing else moves and no second connection may help, so that their rest is asked for anew.
    ///
    /// Each time, the silence may last twice as long before that happens again, as long as nothing new comes: the server may be slow to
    /// begin. What lasts longer than the stall timeout fails by itself.
    private func cutSilent(at now: Duration) {
        let leases = planner.withLock { planner in planner.leases.filter { !$0.isCut } }
        guard !leases.isEmpty, leases.allSatisfy({ $0.isAnswered }) else { return }
        let patience = state.withLock { $0.patience }
        let areSilent = leases.allSatisfy { lease in
            let limit = silence(of: lease.source, at: now) * 3 * patience
            // A stall ends by itself, and counts as a failure.
            return limit < context.options.stallTimeout && now - lease.movedAt >= limit
        }
        guard areSilent else { return }
        state.withLock { $0.patience = patience * 2 }
        for lease in leases { cut(lease, "nothing comes") }
    }

    /// A source refused a connection that was asked for at `begun`.
    ///
    /// - Returns: whether it had refused one before, and nothing has come since.
    func refused(begun: Duration, at now: Duration) -> Bool {
        state.withLock { state in
            state.extraAfter = now + Self.extraPause
            if let last = state.refusedAt, begun >= last { return true }
            state.refusedAt = now
            return false
        }
    }

    /// New bytes have come. If they are enough to count as progress, silence is unusual again, and so is a refusal: a server that sends
    /// a byte now and then would otherwise never be given up.
    func moved(by count: Int64, from source: Int) {
        let now = now
        state.withLock { state in
            guard state.gains[source, default: Gain(since: now)].add(count, at: now) else { return }
            state.patience = 1
            state.refusedAt = nil
        }
    }

    /// Whether a source is asked for the file, and has brought next to nothing for so long that another one should be asked.
    func isStarving(with source: Int, at now: Duration) -> Bool {
        state.withLock { $0.gains[source].map { $0.time(at: now) >= Self.longestStarving } ?? false }
    }

    /// Another connection to a source was cut. Whether next to nothing has come from it for as long as a transfer may stall, over several of
    /// them. Then its time begins anew.
    func isStalled(_ source: Int, at now: Duration) -> Bool {
        state.withLock { state in
            state.gains[source]?.cuts += 1
            guard let gain = state.gains[source], gain.cuts >= Self.mostCuts,
                gain.time(at: now) >= context.options.stallTimeout
            else { return false }
            state.gains[source] = Gain(since: now)
            return true
        }
    }

    /// Ends a lease at its position. What it has not brought is free for others.
    private func cut(_ lease: Lease, _ reason: String, asFailure: Bool = false) {
        let rest = planner.withLock { planner in
            planner.cut(lease.id)
            return lease.rest
        }
        context.emit(
            .debug(
                "\(printable(download.path)): the connection for \(rest.lowerBound)–\(rest.upperBound) is ended: \(reason)"
            ))
        cancel([lease.id], asFailure: asFailure)
    }

    /// Ends the transfers of leases that have nothing left to fetch.
    func cancel(_ leases: [Lease.ID], asFailure: Bool = false) {
        let controls = state.withLock { state in leases.compactMap { state.controls[$0] } }
        for control in controls { control.cancel(asFailure: asFailure) }
    }

    /// Ends the transfers of all leases.
    func cancelLeases() { cancel(planner.withLock { $0.leases.map(\.id) }) }

    /// A lease is over.
    func ended(_ lease: Lease.ID) {
        let unused = planner.withLock { planner -> Int? in
            guard let source = planner[lease]?.source else { return nil }
            planner.end(lease)
            return planner.leases.contains { $0.source == source } ? nil : source
        }
        let now = now
        state.withLock { state in
            state.controls[lease] = nil
            if let unused { state.gains[unused]?.rest(at: now) }
        }
        signal.notify()
    }
}
