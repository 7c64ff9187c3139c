internal import Storage
internal import Synchronization
internal import Transfer

/// Which version of the file an answer is of, and what follows for the bytes that are there.
extension FileDownload {
    /// Asks a source for a gap.
    ///
    /// Where a digest decides in the end, a validator that is another with every answer must not cost what is there: then no
    /// condition is sent any more, and an answer that ignored the range because of it is broken off at once.
    ///
    /// - Returns: the body, and the version that its bytes are of.
    func open(
        _ gap: Range<Int64>, of partial: PartialFile, from source: Source, _ index: Int
    ) async throws -> (RangeBody, SourceVersion) {
        var validator = partial.validator(of: source.id)
        if !needsOneVersion, partial.hasChanged(source.id) { validator = nil }
        var request = FetchRequest(
            url: try source.base.appending(path: path), credentials: source.credentials,
            range: gap == 0..<size ? nil : gap, total: size,
            validator: validator.flatMap { Validator(journalForm: $0) }, fileName: path)
        var body = try await loop.open(request, from: index)
        if !needsOneVersion, let asked = request.validator, body.reply.skip > 0, body.reply.validator != asked {
            body.cancel()
            loop.count(body)
            request.validator = nil
            body = try await loop.open(request, from: index)
        }
        return (body, version(of: body, asked: request.url, from: source))
    }

    private func version(of body: RangeBody, asked url: HTTPURL, from source: Source) -> SourceVersion {
        let validator = body.reply.validator?.journalForm ?? ""
        // The query of a signed address is another each time.
        let place = body.url == url ? source.id : SourceID(url: body.url.origin.description + body.url.path)
        // Without a validator only the bytes of one answer are known to belong together.
        return SourceVersion(
            source.id, at: place, validator: validator, isOneAnswer: validator.isEmpty && needsOneVersion)
    }

    /// Leaves of an earlier run's bytes those of one version that can be gone on with, and goes on with its source.
    func prepareOneVersion(_ partial: PartialFile) throws {
        let lost = try partial.keepOneVersion()
        if lost > 0 {
            let reason = "nothing shows which version of the file they are of, and the manifest has no digest"
            // Events add up: what is taken away has counted before.
            context.emit(.progress(path: path, bytes: lost, received: false))
            context.emit(.discarded(path: path, bytes: lost, reason: reason))
        }
        let sources = context.sources
        loop.stay(with: partial.soleVersion.flatMap { version in sources.firstIndex { $0.id == version.source } })
    }

    /// Begins the file anew, because its bytes must be of one version and nothing shows that they would be.
    ///
    /// - Throws: ``Failure`` when that has happened more often than a source may fail. Once is for what an earlier run left.
    func restart(_ partial: PartialFile, _ reason: String) throws {
        let restarts = counters.withLock { counters in
            counters.restarts += 1
            return counters.restarts
        }
        let lost = partial.heldBytes + partial.claimedBytes
        try partial.void(0..<size)
        context.emit(.discarded(path: path, bytes: lost, reason: reason))
        guard restarts <= context.options.retries + 1 else {
            throw Failure(
                .unavailable, file: path,
                "\(reason), and the manifest has no digest to tell; it was begun anew \(restarts - 1) times, and is not published",
                hint: "name a source that gives an ETag, or one with a better connection: --source URL")
        }
    }
}
