internal import Storage
internal import Synchronization
internal import Threads
internal import Transfer

/// The task that fetches one lease.
extension FileFetch {
    /// Fetches a lease: to its end, to where another connection has taken over, or to a failure. A failure of the source is noted, and not
    /// thrown.
    func fetch(_ lease: Lease, _ attempt: SourceAttempt, _ control: LeaseControl) async throws {
        let begun = now
        let working = Atomic(false)
        defer {
            pool.giveBack(lease.source, for: user, wasWorking: working.load(ordering: .relaxed))
            ended(lease.id)
        }
        do {
            let (body, version) = try await open(lease, control)
            control.hold { body.cancel() }
            defer {
                body.cancel()
                runner.count(body, from: lease.source)
            }
            working.store(true, ordering: .relaxed)
            pool.answered(lease.source, after: now - begun, at: now)
            guard !control.isCancelled else { return }
            let isWanted = planner.withLock { planner in
                planner.answered(lease.id, at: now)
                // The whole file comes: everything from here on is taken from it.
                guard !body.reply.isPart, let end = body.reply.end else { return true }
                return planner.extend(lease.id, to: end)
            }
            signal.notify()
            guard isWanted else { return }
            try download.reserveOnce(partial)
            let writer = try partial.writer(for: version)
            download.counters.withLock { _ = $0.contributors.insert(lease.source) }
            showAnswer(skipping: body.reply.skip)
            do {
                try await receive(body, lease, attempt, into: writer)
            } catch {
                try writer.finish()
                throw error
            }
            try writer.finish()
            if !control.isCancelled { try download.refuseCrumbs(body, asked: lease.rest) }
            context.health.update(lease.source) { $0.answered() }
        } catch let error as TransferError {
            // A transfer that is cancelled with its task is no failure of the source. One that is cancelled without it is.
            if error.code == .cancelled { try Task.checkCancellation() }
            guard !control.isCancelled else {
                if control.hasFailed { noteCut(attempt) }
                return
            }
            note(error, of: attempt, begun: begun)
        }
    }

    /// The lease was cut because it was far slower than others. If next to nothing has come from the source for as long as a transfer may
    /// stall, that is a stall: otherwise a server that sends a byte to each request would be asked for ever.
    private func noteCut(_ attempt: SourceAttempt) {
        guard isStalled(attempt.source, at: now) else { return }
        let error = TransferError(.stalled, "next to nothing came")
            .at(context.sources[attempt.source].location.base)
        if let failure = runner.note(error, of: attempt, at: partial.firstGap()?.lowerBound ?? download.size) {
            failed(failure)
        }
    }

    private func open(
        _ lease: Lease, _ control: LeaseControl
    ) async throws(TransferError) -> (RangeBody, SourceVersion) {
        if planner.withLock({ $0.leases.count }) == 1 {
            let held = partial.heldBytes + partial.claimedBytes
            let source = context.sources[lease.source].shown
            state.withLock { $0.isReceiving = false }
            context.monitor.emit(.connecting(source: source, offset: lease.position, held: held), of: download.path)
        }
        return try await control.request(on: context.runtime.executor) { [self] () async throws(TransferError) in
            try await download.open(
                lease.rest, of: partial, from: context.sources[lease.source], lease.source,
                target: targets[lease.source])
        }
    }

    /// Says that a source has answered, unless others have before.
    private func showAnswer(skipping repeated: Int64) {
        let isFirst = state.withLock { state in
            defer { state.isReceiving = repeated == 0 }
            return !state.isReceiving
        }
        if repeated > 0 {
            context.emit(.phase(path: download.path, .repeating(bytes: repeated)))
        } else if isFirst {
            context.emit(.phase(path: download.path, .receiving))
        }
    }

    /// Writes what comes, as far as the lease goes by then.
    private func receive(
        _ body: RangeBody, _ lease: Lease, _ attempt: SourceAttempt, into writer: ExtentWriter
    ) async throws {
        while let piece = try await body.next() {
            // Nothing more is received, but what libcurl has already delivered is written.
            if Task.isCancelled { body.halt() }
            guard case .bytes(let offset, let chunk) = piece else {
                if case .skipped(let count) = piece {
                    pool.received(count, from: lease.source, at: now)
                    runner.countDuplicated(Int64(count))
                }
                _ = planner.withLock { $0.advance(lease.id, to: lease.position, at: now) }
                continue
            }
            let accepted = try chunk.withBytes { bytes throws(StorageError) in
                try writer.write(bytes, at: offset, keptBy: chunk)
            }
            let new = accepted.reduce(0) { $0 + Int64($1.count) }
            let end = offset + Int64(chunk.count)
            let (finished, limit) = planner.withLock { planner in
                (planner.advance(lease.id, to: end, at: now), planner[lease.id]?.end ?? end)
            }
            cancel(finished)
            pool.received(chunk.count, from: lease.source, at: now)
            if new > 0 {
                moved(by: new, from: lease.source)
                context.emit(.progress(path: download.path, bytes: new, received: true))
            }
            runner.countDuplicated(Int64(chunk.count) - new)
            runner.received(Int(new), with: attempt, isEnd: end >= limit)
            // Another connection fetches the rest. At the end of the body its connection can be used again.
            if end >= limit, limit < body.reply.end ?? .max { return }
        }
    }

    /// Draws the conclusions from a failure of the source.
    private func note(_ error: TransferError, of attempt: SourceAttempt, begun: Duration) {
        let now = now
        let source = attempt.source
        if lowersNumber(error, source, begun: begun, at: now) { return }
        let offset = partial.firstGap()?.lowerBound ?? download.size
        if let failure = runner.note(error, of: attempt, at: offset) { failed(failure) }
    }
}

extension FileFetch {
    /// Uses fewer connections after a failure that may come from their number.
    ///
    /// What is refused twice in a row, or while the others stand still, is not refused because of their number.
    ///
    /// - Returns: whether that is all that follows, because others work: the source only has enough of them.
    private func lowersNumber(_ error: TransferError, _ source: Int, begun: Duration, at now: Duration) -> Bool {
        if error.isBreak { pool.refused(source, .broken, begun: begun, at: now) }
        guard error.isLimit else { return false }
        let known = pool.knowledge(of: source, at: now)
        let isRepeated = refused(begun: begun, at: now)
        if known.working > 0 {
            guard !isRepeated, let moved = known.movedAt, now - moved < silence(of: source, at: now) else {
                return false
            }
        }
        pool.refused(source, .limited, begun: begun, at: now)
        guard known.working > 0 else { return false }
        if let pause = error.retryAfter {
            context.health.pauseHost(of: source, for: pause, now: now)
            let error = context.sources[source].location.asTyped(error)
            let failure = runner.failure(error, of: source, at: partial.firstGap()?.lowerBound ?? download.size)
            state.withLock { $0.gated = FailedAttempt(failure: failure, attempt: 1) }
        }
        context.emit(.debug("\(printable(download.path)): \(error); \(known.working) connections are enough"))
        return true
    }
}

extension TransferError {
    /// Whether the server may have refused the request because there are too many of them.
    fileprivate var isLimit: Bool { status == 429 || status == 503 || code == .connectionFailed }

    /// Whether a connection broke.
    fileprivate var isBreak: Bool {
        switch code {
        case .connectionLost, .short, .stalled: true
        default: false
        }
    }
}
