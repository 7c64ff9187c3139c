internal import Storage
internal import Threads
internal import Transfer

/// Fetches a file without a digest to judge its bytes by: over one connection, so that all bytes are of one version of the file.
extension FileDownload {
    /// How often written bytes are recorded, however few they are.
    private static let flushInterval: Duration = .seconds(1)

    /// Fetches gap after gap until there is none.
    func fetchInOneStream(_ partial: PartialFile) async throws {
        while partial.firstGap() != nil {
            let attempt = AttemptContext(
                offset: { partial.firstGap()?.lowerBound ?? self.size }, kept: { self.kept(partial) })
            do {
                try await runner.run(attempt) { source, attempt in
                    // Another attempt may have filled the front of the gap.
                    guard let rest = partial.firstGap() else { return }
                    try await SingleConnection.with(self.context, to: attempt.source) { connection in
                        try await self.fetch(rest, of: partial, from: source, attempt, connection)
                    }
                }
            } catch is Failure where partial.firstGap() == nil {
                // The last source failed after it had delivered everything: the digest judges the bytes.
            }
        }
    }

    /// Makes one request, and writes the bytes of its answer.
    private func fetch(
        _ gap: Range<Int64>, of partial: PartialFile, from source: Source, _ attempt: SourceAttempt,
        _ connection: SingleConnection
    ) async throws {
        let index = attempt.source
        // The bytes on the disk are discarded only when an answer for the whole file has come.
        let startsOver = !canGoOn(partial, with: source)
        let gap = startsOver ? 0..<size : gap
        let held = partial.heldBytes + partial.claimedBytes
        context.monitor.emit(.connecting(source: source.shown, offset: gap.lowerBound, held: held), of: path)
        let (body, version) = try await open(gap, of: partial, from: source, index)
        defer {
            body.cancel()
            runner.count(body, from: index)
        }
        connection.answered()
        if let held = partial.soleVersion, held != version, !startsOver {
            // The next request asks for the whole file, which then replaces what is on the disk.
            counters.withLock { $0.changed = held }
            return
        }
        try reserveOnce(partial)
        if startsOver, !partial.isEmpty, partial.soleVersion != version || version.isOneAnswer {
            try restart(partial, source, index)
        }
        let writer = try partial.writer(for: version)
        // From now on, another source would have to start from the beginning.
        runner.stay(with: index)
        counters.withLock { _ = $0.contributors.insert(index) }
        let repeated = body.reply.skip
        context.emit(.phase(path: path, repeated > 0 ? .repeating(bytes: repeated) : .receiving))
        let time = context.runtime.time
        var flushed = time.now()
        do {
            while let piece = try await body.next() {
                // Nothing more is received, but what libcurl has already delivered is written.
                if Task.isCancelled { body.halt() }
                guard case .bytes(let offset, let chunk) = piece else {
                    if case .skipped(let count) = piece { runner.countDuplicated(Int64(count)) }
                    continue
                }
                _ = try chunk.withBytes { bytes throws(StorageError) in
                    try writer.write(bytes, at: offset, keptBy: chunk)
                }
                connection.received(chunk.count)
                context.emit(.progress(path: path, bytes: Int64(chunk.count), received: true))
                runner.received(chunk.count, with: attempt, isEnd: offset + Int64(chunk.count) == gap.upperBound)
                if time.now() - flushed >= Self.flushInterval {
                    try partial.flush()
                    flushed = time.now()
                }
            }
        } catch {
            try partial.flush()
            throw error
        }
        try partial.flush()
        try refuseCrumbs(body, asked: gap)
    }
}
