internal import Hashing
internal import Synchronization

/// What a ``PartialFile`` knows about its bytes: what is held, what is claimed, what is being written.
///
/// A byte is *claimed* if an earlier run recorded it, and *held* once it was read back or written by this run.
struct PartialState: ~Copyable {
    var journal: ExtentJournal
    /// The bytes that were checked or written by this run.
    var held = ExtentMap()
    /// The part of `held` that this run wrote.
    private(set) var fresh = RangeSet<Int64>()
    /// The extents of earlier runs that are still to be checked; the first one is last.
    var claims: [JournalContents.Claim]
    /// The ranges of `claims` and of the claim being checked.
    var claimed = ExtentMap()
    private(set) var versions: SourceVersions
    /// The digest of the complete file when it was last compared and did not match, if nothing has changed since.
    var failedDigest: SHA256Digest?
    private var open: OpenExtents
    private var writers = 0
    /// Being written or checked at the moment: nothing else may be written there.
    private var busy = RangeSet<Int64>()
    private var writeback = WritebackMeter()

    init(journal: consuming ExtentJournal, contents: JournalContents) {
        open = OpenExtents(key: journal.key)
        self.journal = journal
        claims = contents.claims.reversed()
        versions = SourceVersions(contents)
        failedDigest = contents.failedDigest
        for claim in contents.claims { claimed.insert(claim.range, source: claim.source) }
    }

    /// The first range at or after `offset` that is neither held nor claimed.
    func firstGap(from offset: Int64, size: Int64) -> Range<Int64>? {
        var start = offset
        while true {
            let next = claimed.contiguousEnd(from: held.contiguousEnd(from: start, limit: size), limit: size)
            let isLast = next == start || next >= size
            start = next
            if isLast { break }
        }
        guard start < size, let gap = held.firstGap(from: start, limit: size) else { return nil }
        return claimed.firstGap(from: start, limit: gap.upperBound)
    }

    // MARK: Writing

    /// Gives a new writer its identifier.
    mutating func addWriter() -> Int {
        writers += 1
        return writers
    }

    /// Reserves the missing parts of a range for one writer, until ``end(_:)``.
    ///
    /// Bytes that are held, claimed or being written are never overwritten: the hash may already include them, and would then
    /// be the hash of bytes that are no longer on the disk.
    mutating func begin(_ range: Range<Int64>) -> [Range<Int64>] {
        var parts: [Range<Int64>] = []
        var position = range.lowerBound
        while let gap = firstGap(from: position, size: range.upperBound) {
            parts += RangeSet(gap).subtracting(busy).ranges
            position = gap.upperBound
        }
        for part in parts { busy.insert(contentsOf: part) }
        return parts
    }

    /// Reserves the next claim for checking, until ``end(_:)``.
    mutating func beginCheck() -> JournalContents.Claim? {
        guard let claim = claims.popLast() else { return nil }
        busy.insert(contentsOf: claim.range)
        return claim
    }

    /// The bytes of a range were written or checked, and hashed if they can be hashed from memory.
    mutating func end(_ range: Range<Int64>) { busy.remove(contentsOf: range) }

    /// Marks written bytes as held, and records them when enough have come.
    ///
    /// - Returns: a range for which writeback is due.
    mutating func add(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int64>, source: UInt16, writer: Int
    ) throws(StorageError) -> Range<Int64>? {
        held.insert(range, source: source)
        fresh.insert(contentsOf: range)
        failedDigest = nil
        let records = open.add(bytes, at: range, source: source, writer: writer)
        if !records.isEmpty { try journal.append(records) }
        return writeback.wrote(range)
    }

    /// Records everything that is not recorded yet.
    mutating func record() throws(StorageError) {
        let records = open.finishAll()
        if !records.isEmpty { try journal.append(records) }
    }

    /// The number under which bytes of a version are recorded; the version becomes the last one that its source gave.
    mutating func number(of version: SourceVersion) throws(StorageError) -> UInt16 {
        var version = version
        version.validator = String(decoding: version.validator.utf8.prefix(JournalRecord.maximumText), as: UTF8.self)
        switch versions.numbering(of: version) {
        case .known(let number): return number
        case .new(let number):
            try record()
            try journal.append([.source(number: number, version)])
            versions.assign(number, to: version)
            return number
        case .exhausted:
            // A source whose validator changes with every response can use the numbers up. Its bytes are then of unknown origin.
            return JournalContents.foundHere
        }
    }

    /// Discards a range; see ``PartialFile/void(_:)``.
    mutating func void(_ range: Range<Int64>) throws(StorageError) {
        // Recorded first: a record of these bytes that came after the void record would bring them back.
        try record()
        try journal.append([.void(range)])
        held.remove(range)
        fresh.remove(contentsOf: range)
        // A claim that reaches beyond the range is dropped as a whole: the rest of it could not be checked.
        claimed.remove(range)
        for claim in claims where claim.range.overlaps(range) { claimed.remove(claim.range) }
        claims.removeAll { $0.range.overlaps(range) }
        failedDigest = nil
    }
}

/// The state that a partial file, its writers and its hasher share, behind one lock.
///
/// Lock order: ``PrefixHasher``'s lock before this one.
final class SharedPartialState: Sendable {
    private let state: Mutex<PartialState>

    init(journal: consuming sending ExtentJournal, contents: JournalContents) {
        state = Mutex(PartialState(journal: journal, contents: contents))
    }

    func withLock<R, E: Error>(_ body: (inout sending PartialState) throws(E) -> sending R) throws(E) -> sending R {
        try state.withLock(body)
    }
}
