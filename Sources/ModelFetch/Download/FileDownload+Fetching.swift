internal import Storage
internal import Synchronization
internal import Transfer

/// Fetches the bytes that are missing.
extension FileDownload {
    /// How often written bytes are recorded, however few they are.
    private static let flushInterval: Duration = .seconds(1)

    /// Fetches gap after gap until there is none.
    func fetchGaps(_ partial: PartialFile) async throws {
        while partial.firstGap() != nil {
            let attempt = AttemptContext(
                offset: { partial.firstGap()?.lowerBound ?? self.size }, kept: { self.kept(partial) })
            do {
                try await runner.run(attempt) { source, index in
                    // Another attempt may have filled the front of the gap.
                    guard let rest = partial.firstGap() else { return }
                    try await self.fetch(rest, of: partial, from: source, index)
                }
            } catch is Failure where partial.firstGap() == nil {
                // The last source failed after it had delivered everything: the digest judges the bytes.
            }
        }
    }

    /// Makes one request, and writes the bytes of its answer.
    private func fetch(_ gap: Range<Int64>, of partial: PartialFile, from source: Source, _ index: Int) async throws {
        // The bytes on the disk are discarded only when an answer for the whole file has come.
        let startsOver = needsOneVersion && !canGoOn(partial, with: source)
        let gap = startsOver ? 0..<size : gap
        let held = partial.heldBytes + partial.claimedBytes
        context.monitor.emit(.connecting(source: source.shown, offset: gap.lowerBound, held: held), of: path)
        let (body, version) = try await open(gap, of: partial, from: source, index)
        defer {
            body.cancel()
            runner.count(body)
        }
        if needsOneVersion, let held = partial.soleVersion, held != version, !startsOver {
            // The next request asks for the whole file, which then replaces what is on the disk.
            counters.withLock { $0.changed = held }
            return
        }
        // Only now, so that no space is reserved for a file that no source has.
        if counters.withLock({ counters in
            defer { counters.isReserved = true }
            return !counters.isReserved
        }) {
            try partial.reserve()
        }
        if startsOver, !partial.isEmpty, partial.soleVersion != version || version.isOneAnswer {
            try restart(partial, source, index)
        }
        let writer = try partial.writer(for: version)
        // From now on, another source would have to start from the beginning.
        if needsOneVersion { runner.stay(with: index) }
        counters.withLock { _ = $0.contributors.insert(index) }
        let repeated = body.reply.skip
        context.emit(.phase(path: path, repeated > 0 ? .repeating(bytes: repeated) : .receiving))
        let time = context.runtime.time
        var flushed = time.now()
        do {
            while let piece = try await body.next() {
                // Nothing more is received, but what libcurl has already delivered is written.
                if Task.isCancelled { body.halt() }
                guard case .bytes(let offset, let chunk) = piece else { continue }
                _ = try chunk.withBytes { try writer.write($0, at: offset) }
                context.emit(.progress(path: path, bytes: Int64(chunk.count), received: true))
                runner.received(chunk.count, from: index, isEnd: offset + Int64(chunk.count) == gap.upperBound)
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
        // A server may send less than was requested (RFC 9110 §15.3.7). Very short answers would lead to a storm of requests, so
        // they are paced and counted like a body that ends early.
        let reply = body.reply
        if let end = reply.end, end < gap.upperBound, end - reply.start < SourceSchedule.progressBytes {
            throw TransferError(
                .short, "received \(end - reply.start) of \(gap.count) bytes", url: body.url, offset: end)
        }
    }
}
