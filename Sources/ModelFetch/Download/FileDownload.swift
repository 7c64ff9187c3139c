internal import Hashing
internal import Storage
internal import Synchronization
internal import Transfer

/// One file on its way from whatever is there to verified: resumes, fetches, checks, hashes; never publishes.
final class FileDownload: Sendable {
    /// How often written bytes are recorded however few they are.
    private static let flushInterval: Duration = .seconds(1)

    let context: RunContext
    let file: ManifestFile
    let path: String
    let size: Int64
    let loop: FailoverRunner
    let counters: Mutex<Counters>
    /// Whether no digest will judge the bytes, so that they must be known to be those of one version.
    let needsOneVersion: Bool

    struct Counters {
        var reused: Int64 = 0
        /// Whether disk was asked for the whole file.
        var isReserved = false
        /// The sources whose bytes came since the last time that everything was given up.
        var contributors: Set<Int> = []
        /// What a digest is held against where the manifest has none.
        var evidence: ContentEvidence
        /// How often the file was begun anew with each source, because nothing shows that what came is of one version with what comes.
        var restarts: [Int: Int] = [:]
        /// The version of which bytes are here, if its source has given another one since.
        var changed: SourceVersion?
    }

    /// - Parameter size: the size that the file must have.
    init(_ context: RunContext, _ file: ManifestFile, size: Int64, loop: FailoverRunner) {
        self.context = context
        self.file = file
        self.size = size
        self.loop = loop
        path = file.path.string
        let evidence = ContentEvidence(for: file, seen: context.localPin(of: file))
        needsOneVersion = evidence.needsOneVersion
        counters = Mutex(Counters(evidence: evidence))
    }

    /// Bytes of the finished file that were there before.
    var reusedBytes: Int64 { counters.withLock { $0.reused } }

    /// Brings the file to its end.
    ///
    /// - Throws: ``Failure``, or `CancellationError`. What was received is kept and recorded either way.
    func run() async throws -> VerifiedFile {
        let names = context.names(of: file)
        let partial: PartialFile
        do throws(StorageError) {
            try context.takeOverPartial(of: file)
            partial = try PartialFile(
                in: context.directory, names: names,
                identity: FileIdentity(path: path, size: size, sha256: file.sha256),
                key: context.runtime.random.bytes(BlockChecksummer.keyByteCount))
        } catch {
            context.removeEmptyPartial(of: file, size: size)
            throw Failure(error, file: path, kept: "nothing was fetched" + room(for: error, missing: size))
        }
        do {
            if needsOneVersion { try prepareOneVersion(partial) }
            let verified = try await complete(partial)
            counters.withLock { $0.reused = partial.reusedBytes }
            return verified
        } catch {
            // Whatever happened, what is on the disk is worth its record; a disk that fails now has failed before.
            try? partial.flush()
            // Asked before we remove a partial ourselves: here it matters what others removed.
            let kept = kept(partial)
            context.removeEmptyPartial(of: file, size: size)
            context.leavePartial(of: file)
            if let error = error as? StorageError {
                let missing = size - partial.heldBytes - partial.claimedBytes
                throw Failure(error, file: path, kept: kept + room(for: error, missing: missing))
            }
            throw error
        }
    }

    private func complete(_ partial: PartialFile) async throws -> VerifiedFile {
        var narrowed = 0
        while true {
            if partial.failedDigest != nil, partial.firstGap() == nil { try giveUpDoubtful(partial) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try self.check(partial) }
                group.addTask { try await self.fetchGaps(partial) }
                try await group.waitForAll()
            }
            // What the check found lost is a gap now.
            try await fetchGaps(partial)
            context.emit(.phase(path: path, .verifying))
            while try partial.catchUp() { try Task.checkCancellation() }
            let accepts: (SHA256Digest, Provenance) -> Bool = { digest, provenance in
                self.counters.withLock { $0.evidence.accepts(digest, provenance) }
            }
            switch try partial.finish(accepting: accepts) {
            case .verified(let verified): return verified
            case .unproven where needsOneVersion:
                // A journal of before may have told it so; what comes now is told apart.
                try giveUp(partial, "nothing shows that these bytes are of one version of the file")
            case .unproven(let actual, _):
                let expected = file.expected?.sha256?.hex ?? "another one, as first seen here"
                context.emit(
                    .warning(
                        "\(printable(path)): expected the digest \(expected), which was derived, got \(actual.hex)"))
                let isOurs = partial.reusedBytes == 0
                try giveUpDoubtful(partial, narrowly: false)
                try blameSources(for: actual, isOurs: isOurs)
            case .mismatch(let actual):
                let expected = file.sha256.map(\.hex) ?? "?"
                context.emit(
                    .warning(
                        "\(printable(path)): the digest is wrong: expected \(expected), got \(actual.hex)"))
                // A server whose file seems to change with every answer makes some part suspect each time: after two parts
                // that did not help, the whole goes, or this would never end.
                let isOurs = partial.reusedBytes == 0
                narrowed += 1
                if try giveUpDoubtful(partial, narrowly: narrowed <= 2) == .everything {
                    narrowed = 0
                    try blameSources(for: actual, isOurs: isOurs)
                }
            }
        }
    }

    /// All bytes together were wrong: whose were they?
    ///
    /// - Parameter isOurs: whether all of them came in this run; older ones may have been bad before, and speak against nobody.
    private func blameSources(for digest: SHA256Digest, isOurs: Bool) throws(Failure) {
        let contributors = counters.withLock { counters in
            defer { counters.contributors = [] }
            return counters.contributors
        }
        guard isOurs else { return }
        guard !contributors.isEmpty else {
            throw Failure(
                .data, file: path, "an empty file has the digest \(digest.hex), the manifest has another",
                hint: "the manifest is wrong")
        }
        loop.contradicted(contributors)
    }

    @discardableResult
    private func giveUpDoubtful(_ partial: PartialFile, narrowly: Bool = true) throws -> PartialFile.Discarded {
        let before = partial.heldBytes
        var discarded = PartialFile.Discarded.everything
        if narrowly { discarded = try partial.discardDoubtful() } else { try partial.void(0..<size) }
        let reason =
            switch discarded {
            case .suspect: "the digest is wrong, and these bytes came before the source's file changed"
            case .foundHere: "the digest is wrong, and another tool had left these bytes"
            case .everything: "the digest is wrong, and nothing tells good bytes from bad"
            }
        context.emit(.discarded(path: path, bytes: before - partial.heldBytes, reason: reason))
        return discarded
    }

    // MARK: What is there

    /// Reads back what an earlier run claims, then hashes what lies before the front; network and writers go on meanwhile.
    private func check(_ partial: PartialFile) throws {
        while let check = try partial.checkNext() {
            try Task.checkCancellation()
            switch check {
            case .held(let range): context.emit(.progress(path: path, bytes: Int64(range.count), received: false))
            case .lost(let range):
                let reason = "bytes from \(range.lowerBound) on are not what was written"
                // Events add up: what is taken away has counted before.
                context.emit(.progress(path: path, bytes: Int64(range.count), received: false))
                context.emit(.discarded(path: path, bytes: Int64(range.count), reason: reason))
            }
        }
        while try partial.catchUp() { try Task.checkCancellation() }
    }

    private func kept(_ partial: PartialFile) -> String {
        if context.directory.isRemoved() { return "nothing is kept: the directory was removed while the download ran" }
        if partial.isRemoved() { return "nothing is kept: its partial file was removed while the download ran" }
        return "\(partial.heldBytes + partial.claimedBytes) of \(size) bytes are kept"
    }

    /// Where the disk is full: how much more is needed, and how much there is.
    private func room(for error: StorageError, missing: Int64) -> String {
        guard error.code == .noSpace, error.underlying?.isFileSizeLimit == false,
            let free = try? context.directory.freeBytes()
        else { return "" }
        return "; \(missing) more bytes are needed and \(free) are free"
    }

    // MARK: What is missing

    private func fetchGaps(_ partial: PartialFile) async throws {
        while partial.firstGap() != nil {
            let stake = AttemptContext(
                offset: { partial.firstGap()?.lowerBound ?? self.size }, kept: { self.kept(partial) })
            do {
                try await loop.run(stake) { source, index in
                    // Another attempt may have filled the front of the gap.
                    guard let rest = partial.firstGap() else { return }
                    try await self.fetch(rest, of: partial, from: source, index)
                }
            } catch is Failure where partial.firstGap() == nil {
                // The last source went wrong after its last good byte: the digest judges what came.
            }
        }
    }

    /// One request, and its bytes to their places.
    private func fetch(_ gap: Range<Int64>, of partial: PartialFile, from source: Source, _ index: Int) async throws {
        // What is there is given up only when an answer for the whole is here.
        let beginsAnew = needsOneVersion && !canGoOn(partial, with: source)
        let gap = beginsAnew ? 0..<size : gap
        let held = partial.heldBytes + partial.claimedBytes
        context.reach.say(.connecting(source: source.shown, offset: gap.lowerBound, held: held), of: path)
        let (body, version) = try await open(gap, of: partial, from: source, index)
        defer {
            body.cancel()
            loop.count(body)
        }
        if needsOneVersion, let held = partial.soleVersion, held != version, !beginsAnew {
            // Asked once more: for the whole, which takes the place of what is there when it comes.
            counters.withLock { $0.changed = held }
            return
        }
        // Only now: room for a file that no source has would be taken for nothing.
        if counters.withLock({ counters in
            defer { counters.isReserved = true }
            return !counters.isReserved
        }) {
            try partial.reserve()
        }
        if beginsAnew, !partial.isEmpty, partial.soleVersion != version || version.isOneAnswer {
            try restart(partial, source, index)
        }
        let writer = try partial.writer(for: version)
        // From now on another source would have to begin at the start.
        if needsOneVersion { loop.stay(with: index) }
        counters.withLock { _ = $0.contributors.insert(index) }
        let repeated = body.reply.skip
        context.emit(.phase(path: path, repeated > 0 ? .repeating(bytes: repeated) : .receiving))
        let time = context.runtime.time
        var flushed = time.now()
        do {
            while let piece = try await body.next() {
                // No more is asked for, but what has come is kept.
                if Task.isCancelled { body.halt() }
                guard case .bytes(let offset, let chunk) = piece else { continue }
                try chunk.withBytes { try writer.write($0, at: offset) }
                context.emit(.progress(path: path, bytes: Int64(chunk.count), received: true))
                loop.received(chunk.count, from: index, isEnd: offset + Int64(chunk.count) == gap.upperBound)
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
        // A server may send less than was asked for (RFC 9110 §15.3.7), but next to nothing in every answer would be a storm of
        // requests: it is paced, and counted, as a body that ended early.
        let reply = body.reply
        if let end = reply.end, end < gap.upperBound, end - reply.start < SourceSchedule.progressBytes {
            throw TransferError(
                .short, "\(end - reply.start) of \(gap.count) bytes came", url: body.url, offset: end)
        }
    }
}
