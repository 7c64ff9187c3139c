package import Hashing
internal import Synchronization

/// A file in the making: the bytes so far, which of them are good, and their hash along the front.
///
/// It takes bytes at any offset, from several writers. What they write is journalled as they go and hashed from memory where
/// it joins the front; the rest is read back when the front reaches it. What an earlier run left is a claim until
/// ``checkNext()`` has read it back, and is not fetched again meanwhile.
///
/// All methods block on the disk. `write` may be called from several threads; the methods that check and hash belong to one
/// caller at a time.
package final class PartialFile: Sendable {
    /// How far behind the front may be for a writer to catch up by itself.
    private static let shortLag: Int64 = 4 << 20

    package let identity: FileIdentity
    package let names: PartialNames
    private let directory: ModelDirectory
    private let file: OpenFile
    private let state: Mutex<PartialState>
    // Locked before `state` where both are. A writer that finds it taken goes on: whoever holds it will get there.
    private let frontier = Mutex(PrefixHasher())

    /// Opens or makes the partial of a file, and learns from its journal what it holds.
    ///
    /// - Parameter key: 16 random bytes, used if a new journal is begun.
    package init(
        in directory: ModelDirectory, names: PartialNames, identity: FileIdentity, key: [UInt8]
    ) throws(StorageError) {
        try directory.makeParents(of: names.partial)
        try directory.makeParents(of: names.journal)
        let file = try Self.openUnshared(names.partial, in: directory, key)
        let journalFile = try Self.openUnshared(names.journal, in: directory, key)
        let status = try file.status()
        if status.size > identity.size {
            try attempt("cannot cut it to size", file.path) { () throws(DiskError) in
                try directory.disk.truncate(file.descriptor, to: identity.size)
            }
        }
        var contents = JournalContents()
        if var journal = try ExtentJournal(resuming: journalFile, identity: identity, into: &contents) {
            // A run that was killed after a failed fsync left a cache that shows what the disk does not have.
            if !contents.claims.isEmpty { directory.disk.forgetCached(file.descriptor) }
            try journal.compactIfDue(as: names.journal, in: directory)
            state = Mutex(PartialState(journal: journal, contents: contents))
        } else {
            let size = min(status.size, identity.size)
            let end = size == 0 ? 0 : directory.disk.firstHole(in: file.descriptor, size: size)
            let records: [JournalRecord] = end == 0 ? [] : [.found(0..<end)]
            let journal = try ExtentJournal(beginning: journalFile, identity: identity, key: key, with: records)
            contents = JournalContents(playing: records, size: identity.size)
            state = Mutex(PartialState(journal: journal, contents: contents))
        }
        self.directory = directory
        self.names = names
        self.identity = identity
        self.file = file
    }

    /// Opens or makes a file that has no other name: writing to one that has would change somebody's other file. Its bytes are
    /// copied into one of our own.
    private static func openUnshared(
        _ name: String, in directory: ModelDirectory, _ key: [UInt8]
    ) throws(StorageError) -> OpenFile {
        if let file = try directory.open(name, .create) {
            // Asked of the name, not of the descriptor: whoever exchanges the name meanwhile could make the last link of what was
            // opened go, and have it back afterwards.
            let (opened, named) = (try file.status(), try directory.status(of: name))
            if let named, named.inode == opened.inode, named.device == opened.device {
                if named.links == 1 { return file }
                return try directory.replace(name, withCopyOf: file, size: opened.size, scratch: key)
            }
        }
        try directory.remove(name)
        guard let file = try directory.open(name, .createNew) else {
            throw StorageError(.disturbed, path: directory.display(name), reason: "its directory is gone")
        }
        return file
    }

    // MARK: What is there

    /// The bytes that are there, checked or written by this run.
    package var heldBytes: Int64 { state.withLock { $0.held.byteCount } }

    /// The bytes that are there and were there before this run.
    package var reusedBytes: Int64 { state.withLock { $0.held.byteCount - $0.fresh.byteCount } }

    /// The bytes that an earlier run claims and nobody has checked yet.
    package var claimedBytes: Int64 { state.withLock { $0.claimed.byteCount } }

    /// The bytes hashed so far.
    package var hashedBytes: Int64 { frontier.withLock { $0.position } }

    /// The bytes of disk behind the file, reserved ones included.
    package func allocatedBytes() throws(StorageError) -> Int64 { try file.status().allocated }

    /// Whether every byte is there and checked.
    package var isComplete: Bool { state.withLock { $0.held.contains(0..<identity.size) } }

    /// What the whole file hashed to when it was last tried, if nothing was done about it since.
    package var failedDigest: SHA256Digest? { state.withLock { $0.failedDigest } }

    /// The first range at or after `offset` that is neither there nor claimed.
    package func firstGap(from offset: Int64 = 0) -> Range<Int64>? {
        state.withLock { $0.firstGap(from: offset, size: identity.size) }
    }

    /// The validator that a source gave last; `nil` where it gave none.
    package func validator(of source: SourceID) -> String? { state.withLock { $0.validator(of: source) } }

    /// Whether a source has given several validators for the bytes that it gave.
    package func hasChanged(_ source: SourceID) -> Bool { state.withLock { $0.hasChanged(source) } }

    /// The version of which all bytes are that are there or claimed; `nil` if there are none, or that cannot be told.
    package var soleVersion: SourceVersion? { state.withLock { $0.soleVersion } }

    /// Whether nothing is there, nor claimed.
    package var isEmpty: Bool { state.withLock { $0.everything.isEmpty } }

    /// Whether nobody will find its bytes when it is closed: its name was removed.
    package func isRemoved() -> Bool { (try? file.status())?.links == 0 }

    // MARK: Writing

    /// Reserves the disk for the whole file, where the file system can.
    ///
    /// - Throws: ``StorageError/Code/noSpace`` if there is none. Any other failure of the call is none: it is a service.
    package func reserve() throws(StorageError) {
        do throws(DiskError) {
            try directory.disk.preallocate(file.descriptor, identity.size)
        } catch  where error.isSpace {
            guard !error.isFileSizeLimit, let there = try? file.status().allocated,
                let free = try? directory.freeBytes()
            else {
                throw StorageError("cannot reserve \(identity.size) bytes", file.path, error)
            }
            throw StorageError(
                .noSpace, path: file.path,
                reason: "\(max(identity.size - there, 0)) bytes are needed and \(free) are free", underlying: error)
        } catch {}
    }

    /// The number under which bytes of a version are recorded.
    ///
    /// It is the version that its source gives from now on. Bytes that came from the source under another validator are suspect:
    /// they stay, and are the first to go if the digest fails.
    package func number(of version: SourceVersion) throws(StorageError) -> UInt16 {
        try state.withLock { (state) throws(StorageError) in try state.number(of: version) }
    }

    /// Writes bytes at their place, records them, and hashes them if they join the front.
    ///
    /// Those that are there already, claimed, or just being written by another are passed over.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64, from source: UInt16) throws(StorageError) {
        let range = offset..<offset + Int64(bytes.count)
        precondition(range.upperBound <= identity.size, "bytes beyond the file's end are the caller's to refuse")
        let missing = state.withLock { $0.begin(range) }
        // Ended only when hashed: until then nobody may write other bytes there, even if these were voided meanwhile.
        defer { state.withLock { state in for part in missing { state.end(part) } } }
        for part in missing {
            let (start, end) = (Int(part.lowerBound - offset), Int(part.upperBound - offset))
            try write(missing: UnsafeRawBufferPointer(rebasing: bytes[start..<end]), at: part, from: source)
        }
    }

    private func write(
        missing bytes: UnsafeRawBufferPointer, at range: Range<Int64>, from source: UInt16
    ) throws(StorageError) {
        let offset = range.lowerBound
        try file.write(bytes, at: offset)
        let lent = LentBytes(bytes)
        let writeback = try state.withLock { (state) throws(StorageError) in
            try state.add(lent.bytes, range, source: source)
            return state.submit(range)
        }
        if let writeback { directory.disk.startWriteback(file.descriptor, writeback) }
        try frontier.withLockIfAvailable { (frontier) throws(StorageError) in
            if offset > frontier.position, offset - frontier.position <= Self.shortLag {
                while frontier.position < offset, try advance(&frontier, limit: offset) {}
            }
            feed(&frontier, lent, at: range)
        }
    }

    /// Hashes bytes from memory, unless they were voided since they were written or checked.
    private func feed(_ frontier: inout PrefixHasher, _ lent: LentBytes, at range: Range<Int64>) {
        guard frontier.position == range.lowerBound, state.withLock({ $0.held.contains(range) }) else { return }
        frontier.feed(lent.bytes, at: range.lowerBound)
    }

    /// Records what was written and is not recorded yet.
    package func flush() throws(StorageError) {
        try state.withLock { (state) throws(StorageError) in
            try state.record()
            try state.journal.compactIfDue(as: names.journal, in: directory)
        }
    }

    // MARK: Checking and hashing

    /// What became of a claim.
    package enum Check: Sendable {
        /// The bytes are there.
        case held(Range<Int64>)
        /// They are not what was written: void now, to be fetched again.
        case lost(Range<Int64>)
    }

    /// Reads back one extent that an earlier run claims.
    ///
    /// - Returns: `nil` when there is none left.
    package func checkNext() throws(StorageError) -> Check? {
        guard let claim = state.withLock({ $0.beginCheck() }) else { return nil }
        defer { state.withLock { $0.end(claim.range) } }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: claim.range.count, alignment: 4096)
        defer { buffer.deallocate() }
        let isWhole: Bool
        do throws(StorageError) {
            isWhole = try file.read(into: buffer, at: claim.range.lowerBound) == claim.range.count
        } catch {
            // Still a claim, neither right nor wrong.
            state.withLock { $0.claims.append(claim) }
            throw error
        }
        let lent = LentBytes(UnsafeRawBufferPointer(buffer))
        var summer = BlockChecksummer(key: state.withLock { $0.journal.key })
        let actual = summer.checksum(of: lent.bytes, at: claim.range.lowerBound, domain: .block)
        let isGood = try state.withLock { (state) throws(StorageError) in
            // Some of it may have been voided while it was read: then all of it goes.
            let isClaimed = state.claimed.contains(claim.range)
            state.claimed.remove(claim.range)
            guard isClaimed, isWhole, claim.checksum == nil || claim.checksum == actual else {
                try state.journal.append([.void(claim.range)])
                return false
            }
            // Bytes that another tool left are read once and recorded like our own from then on.
            if claim.checksum == nil {
                try state.journal.append([.extent(claim.range, source: claim.source, checksum: actual)])
            }
            state.held.insert(claim.range, source: claim.source)
            return true
        }
        guard isGood else { return .lost(claim.range) }
        frontier.withLock { feed(&$0, lent, at: claim.range) }
        return .held(claim.range)
    }

    /// Reads back and hashes up to 1 MiB at the front.
    ///
    /// - Returns: whether there was anything to hash.
    package func catchUp() throws(StorageError) -> Bool {
        try frontier.withLock { (frontier) throws(StorageError) in try advance(&frontier, limit: identity.size) }
    }

    private func advance(_ frontier: inout PrefixHasher, limit: Int64) throws(StorageError) -> Bool {
        let position = frontier.position
        let limit = min(limit, position + Int64(PrefixHasher.step))
        let end = min(state.withLock { $0.held.contiguousEnd(from: position, limit: limit) }, limit)
        guard end > position else { return false }
        try frontier.advance(to: end, in: file)
        return true
    }

    /// What the digest of the whole file says.
    package enum Completion {
        case verified(VerifiedFile)
        case mismatch(actual: SHA256Digest)
        /// The manifest has none to compare with, and nothing else shows that the bytes are those of one version.
        case unproven(actual: SHA256Digest, Provenance)
    }

    /// Compares the digest of the complete file with the manifest's. A mismatch is recorded, and the next file's hash begins anew.
    ///
    /// - Parameter accepts: where the manifest has no digest, whether this one, of bytes that came from there, may stand.
    package func finish(
        accepting accepts: (SHA256Digest, Provenance) -> Bool = { _, _ in false }
    ) throws(StorageError) -> Completion {
        precondition(isComplete, "a file is finished when every byte is there")
        while try catchUp() {}
        try flush()
        let digest = frontier.withLock { $0.finalize() }
        guard let expected = identity.sha256 else {
            // A file without bytes has none of several versions.
            let provenance = identity.size == 0 ? .nothing : state.withLock { $0.provenance }
            guard accepts(digest, provenance) else { return .unproven(actual: digest, provenance) }
            return .verified(VerifiedFile(matched: file, names: names, identity: identity, digest: digest))
        }
        guard expected == digest else {
            try state.withLock { (state) throws(StorageError) in
                state.failedDigest = digest
                try state.journal.append([.digestFailed(digest)])
            }
            return .mismatch(actual: digest)
        }
        return .verified(VerifiedFile(matched: file, names: names, identity: identity, digest: digest))
    }

    // MARK: Giving up bytes

    /// Which bytes were given up after the digest failed.
    package enum Discarded: Sendable {
        /// Those whose source changed since; others stay.
        case suspect
        /// Those that another tool left; others stay.
        case foundHere
        /// All: nothing tells good from bad.
        case everything
    }

    /// Gives up the bytes that are the likeliest reason for a wrong digest.
    package func discardDoubtful() throws(StorageError) -> Discarded {
        let (discarded, ranges): (Discarded, [Range<Int64>]) = state.withLock { state in
            let all = state.everything.map(\.range)
            let suspects = state.suspects
            let found =
                state.held.ranges(of: JournalContents.foundHere) + state.claimed.ranges(of: JournalContents.foundHere)
            let total = all.reduce(0) { $0 + $1.count }
            for (kind, part) in [(Discarded.suspect, suspects), (.foundHere, found)] {
                let count = part.reduce(0) { $0 + $1.count }
                if count > 0, count < total { return (kind, part) }
            }
            return (.everything, [0..<identity.size])
        }
        for range in ranges { try void(range) }
        return discarded
    }

    /// Gives up what is not of one version that can be gone on with: for a file that no digest will judge.
    ///
    /// - Parameter sources: those that will be asked; what came from others goes.
    /// - Returns: the bytes that were there or claimed, and are not any more.
    package func keepOneVersion(of sources: Set<SourceID>) throws(StorageError) -> Int64 {
        let ranges = state.withLock { $0.rangesBesideOneVersion(of: sources, size: identity.size) }
        for range in ranges { try void(range) }
        return ranges.reduce(0) { $0 + Int64($1.count) }
    }

    /// Declares a range bad: it is fetched again, and no older record of it counts any more.
    package func void(_ range: Range<Int64>) throws(StorageError) {
        guard !range.isEmpty else { return }
        // Both locks: bytes must not be hashed between their being voided and the hash's forgetting them.
        try frontier.withLock { (frontier) throws(StorageError) in
            try state.withLock { (state) throws(StorageError) in try state.void(range) }
            if range.lowerBound < frontier.position { frontier.reset() }
        }
    }
}

/// Bytes that a caller lends for one call, so that they may pass into what a lock protects.
private struct LentBytes: @unchecked Sendable {
    // @unchecked: whoever gets them reads them before the call returns and keeps nothing.
    let bytes: UnsafeRawBufferPointer
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }
}
