internal import Hashing
internal import Storage
internal import Threads

/// Checks what earlier runs left, hashes the file, and decides what to discard if the digest is wrong.
extension FileDownload {
    /// How many extents are read back at once, if there are as many processors: more do not make a disk faster.
    private static let mostChecks = 4

    /// Fetches, checks and hashes until the bytes are verified.
    func complete(_ partial: PartialFile) async throws -> VerifiedFile {
        var narrowed = 0
        var search = LiarSearch()
        while true {
            if partial.failedDigest != nil, partial.firstGap() == nil, try !discardPart(of: partial) {
                try discardEverything(partial)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                // Ends when the whole file is hashed, so when the other task has ended, too.
                group.addTask { try await partial.keepHashing() }
                group.addTask {
                    try await self.checkAndFetch(partial)
                    self.context.emit(.phase(path: self.path, .verifying))
                }
                // The first error cancels the other task.
                for try await _ in group {}
            }
            let accepts: (SHA256Digest, Provenance) -> Bool = { digest, provenance in
                self.counters.withLock { $0.evidence.accepts(digest, provenance) }
            }
            switch try partial.finish(accepting: accepts) {
            case .verified(let verified):
                nameLiar(search.accused, partial)
                return verified
            case .unproven where needsOneVersion:
                // The journal of an earlier run may not tell versions apart; this run does.
                try discardAll(partial, "the bytes cannot be shown to be of one version of the file")
            case .unproven(let actual, _):
                let expected = file.expected?.sha256?.hex ?? "the one first seen here"
                context.emit(
                    .warning(
                        "\(printable(path)): the digest is not the expected one: expected \(expected), got \(actual.hex)"
                    ))
                let isOurs = partial.reusedBytes == 0
                try discardEverything(partial)
                counters.withLock { $0.takesOneStream = true }
                runner.stay(with: nil)
                try blameSources(for: actual, isOurs: isOurs)
            case .mismatch(let actual):
                let expected = file.sha256.map(\.hex) ?? "?"
                context.emit(
                    .warning(
                        "\(printable(path)): the digest is wrong: expected \(expected), got \(actual.hex)"))
                // If a server's file seems to change with every answer, some part is suspect each time. After two parts that did
                // not help, the sources are told apart; otherwise this might never end.
                let isOurs = partial.reusedBytes == 0
                narrowed += 1
                if narrowed <= 2, try discardPart(of: partial) { continue }
                if try discardAccused(by: &search, partial) { continue }
                try discardEverything(partial)
                narrowed = 0
                runner.accuse(nil)
                try blameSources(for: actual, isOurs: isOurs)
            }
        }
    }

    /// Discards the bytes of the source that is the likeliest to have delivered wrong ones. They are fetched from the others.
    ///
    /// - Returns: whether there is one. Nothing is discarded otherwise.
    private func discardAccused(by search: inout LiarSearch, _ partial: PartialFile) throws(StorageError) -> Bool {
        let caught = context.health.caught(context.sources)
        guard let accused = search.accuse(partial.bytesBySource, caught: caught) else { return false }
        let before = partial.heldBytes
        try partial.discard(from: accused)
        let index = context.sources.firstIndex { $0.id == accused }
        runner.accuse(index)
        let name = index.map { context.sources[$0].shown } ?? "a source of an earlier run"
        context.emit(
            .discarded(
                path: path, bytes: before - partial.heldBytes,
                reason: "the digest is wrong, and these bytes came from \(name); they are fetched from another source"))
        return true
    }

    /// The digest is right since the bytes of a source were replaced: says so. A source that is caught twice is out for the run.
    private func nameLiar(_ accused: SourceID?, _ partial: PartialFile) {
        guard let accused, let index = context.sources.firstIndex(where: { $0.id == accused }) else { return }
        let times = context.health.update(index) { $0.catch() }
        let shown = context.sources[index].shown
        let consequence = times >= SourceHealth.mostCaught ? "; it is not asked any more" : ""
        context.emit(
            .warning(
                "\(printable(path)): \(shown) delivered wrong bytes; another source has the right ones\(consequence)"))
    }

    /// Counts a wrong digest against the sources of the bytes.
    ///
    /// - Parameter isOurs: whether all bytes were received in this run. Bytes that an earlier run or another tool left may have been damaged
    ///   before, so that they are no evidence against a source.
    private func blameSources(for digest: SHA256Digest, isOurs: Bool) throws(Failure) {
        let contributors = counters.withLock { counters in
            defer { counters.contributors = [] }
            return counters.contributors
        }
        guard isOurs else { return }
        guard !contributors.isEmpty else {
            throw Failure(
                .data, file: path, "an empty file has the digest \(digest.hex), but the manifest has another one",
                remedy: .correctManifest)
        }
        runner.contradicted(contributors)
    }

    /// Discards the bytes that are the likeliest to be wrong, if anything distinguishes them.
    private func discardPart(of partial: PartialFile) throws -> Bool {
        let before = partial.heldBytes
        guard let part = try partial.discardDoubtful() else { return false }
        let reason =
            part == .suspect
            ? "these bytes came before the source's file changed" : "another tool had left these bytes"
        context.emit(
            .discarded(path: path, bytes: before - partial.heldBytes, reason: "the digest is wrong, and " + reason))
        return true
    }

    private func discardEverything(_ partial: PartialFile) throws {
        let before = partial.heldBytes
        try partial.void(0..<size)
        let reason = "the digest is wrong, and nothing tells good bytes from bad ones"
        context.emit(.discarded(path: path, bytes: before - partial.heldBytes, reason: reason))
    }

    /// Fetches what is missing, while other tasks read back what an earlier run left.
    private func checkAndFetch(_ partial: PartialFile) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            // First, so that the requests are on their way before the disk is read.
            group.addTask { try await self.fetchGaps(partial) }
            for _ in 0..<min(Self.mostChecks, context.runtime.processors) where partial.claimedBytes > 0 {
                group.addTask { try await self.check(partial) }
            }
            for try await _ in group {}
        }
        // What the checks found to be damaged is a gap now.
        if partial.firstGap() != nil { try await fetchGaps(partial) }
    }

    /// Reads back what an earlier run claims, extent after extent, beside other tasks that do the same.
    private func check(_ partial: PartialFile) async throws {
        while let check = try partial.checkNext() {
            try Task.checkCancellation()
            switch check {
            case .held(let range): context.emit(.progress(path: path, bytes: Int64(range.count), received: false))
            case .lost(let range):
                let reason = "the bytes from \(range.lowerBound) on are not what was written"
                // Events add up, so bytes must be counted before they can be taken away.
                context.emit(.progress(path: path, bytes: Int64(range.count), received: false))
                context.emit(.discarded(path: path, bytes: Int64(range.count), reason: reason))
            }
            // The threads of a run are few, and what is missing is fetched meanwhile.
            await Task.yield()
        }
    }
}
