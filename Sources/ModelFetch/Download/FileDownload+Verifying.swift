internal import Hashing
internal import Storage
internal import Synchronization

/// Checks, hashes and judges the bytes of a file.
extension FileDownload {
    func complete(_ partial: PartialFile) async throws -> VerifiedFile {
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
        runner.contradicted(contributors)
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
}
