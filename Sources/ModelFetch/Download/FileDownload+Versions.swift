internal import Storage
internal import Threads
internal import Transfer

/// Which version of the file an answer is of, and what follows for the bytes on the disk.
extension FileDownload {
    /// Asks a source for a gap.
    ///
    /// If a digest decides in the end, a validator that differs with every answer must not cost any bytes: no condition is sent any
    /// more, and an answer that ignores the range because of the condition is aborted at once.
    ///
    /// - Returns: the body, and the version of its bytes.
    func open(
        _ gap: Range<Int64>, of partial: PartialFile, from source: Source, _ index: Int, target: RedirectTarget? = nil
    ) async throws(TransferError) -> (RangeBody, SourceVersion) {
        var validator = partial.validator(of: source.id)
        if !needsOneVersion, partial.hasChanged(source.id) { validator = nil }
        // With a range, several connections may share the file once it has been served.
        let isShared = target != nil && size > context.runtime.leases.least && context.options.connections > 1
        let isWhole = gap == 0..<size && !isShared
        var request = try source.request(for: file.path, range: isWhole ? nil : gap, total: size)
        request.target = target
        request.takesRest = target != nil
        request.validator = validator.flatMap { Validator(journalForm: $0) }
        var body = try await runner.open(request, from: index)
        if !needsOneVersion, let asked = request.validator, body.reply.skip > 0, body.reply.validator != asked {
            body.cancel()
            runner.count(body, from: index)
            request.validator = nil
            body = try await runner.open(request, from: index)
        }
        return (body, version(of: body, asked: request, from: source))
    }

    /// - Parameter asked: the request that the body answers.
    private func version(of body: RangeBody, asked: FetchRequest, from source: Source) -> SourceVersion {
        var validator = body.reply.validator?.journalForm ?? ""
        // A partial answer to a conditional request means that the condition held (RFC 9110 §13.1.5); it need not repeat the
        // validator (§15.3.7).
        if validator.isEmpty, let sent = asked.validator, body.reply.skip == 0, asked.range?.lowerBound ?? 0 > 0 {
            validator = sent.journalForm
        }
        let place = SourceID(url: body.location.identity)
        // Without a validator only the bytes of one answer are known to belong together.
        return SourceVersion(
            source.id, at: place, validator: validator, isOneAnswer: validator.isEmpty && !file.isPinned)
    }

    /// Whether bytes from a source may be added to those on the disk.
    func canGoOn(_ partial: PartialFile, with source: Source) -> Bool {
        if partial.isEmpty { return true }
        guard let held = partial.soleVersion, held.isResumable, held.source == source.id else { return false }
        return counters.withLock { $0.changed != held }
    }

    /// Keeps, of an earlier run's bytes, those of one version that can be resumed, and stays with its source.
    func prepareOneVersion(_ partial: PartialFile) throws {
        let lost = try partial.keepOneVersion(of: Set(context.sources.map(\.id)))
        if lost > 0 {
            let reason = "it is not known which version of the file they are of, and the manifest has no digest"
            // Events add up, so bytes must be counted before they can be taken away.
            context.emit(.progress(path: path, bytes: lost, received: false))
            context.emit(.discarded(path: path, bytes: lost, reason: reason))
        }
        guard let held = partial.soleVersion else { return }
        runner.stay(with: context.sources.firstIndex { $0.id == held.source })
    }

    /// Discards the bytes on the disk in favour of an answer that cannot be shown to be of the same version.
    ///
    /// - Throws: `TransferError` if that has happened with this source more often than a source may fail, so that another one is
    ///   asked. At least one restart is allowed, for what an earlier run left.
    func restart(_ partial: PartialFile, _ source: Source, _ index: Int) throws {
        let restarts = counters.withLock { counters in
            counters.changed = nil
            counters.restarts[index, default: 0] += 1
            return counters.restarts[index, default: 0]
        }
        let reason = "the server does not tell whether its file is still the same, and the manifest has no digest"
        guard restarts <= max(context.options.retries, 1) else {
            runner.stay(with: nil)
            throw TransferError(
                .unprovable, "restarted \(restarts - 1) times; only a source that sends an ETag could be resumed")
        }
        try discardAll(partial, reason)
    }

    /// Discards all bytes of the file.
    func discardAll(_ partial: PartialFile, _ reason: String) throws {
        let lost = partial.heldBytes + partial.claimedBytes
        try partial.void(0..<size)
        context.emit(.discarded(path: path, bytes: lost, reason: reason))
    }
}
