internal import Hashing

/// What a ``PartialFile`` knows of its bytes. Its owner's lock is held wherever it is used.
struct PartialState: ~Copyable {
    /// A journal record is due when this many bytes are unrecorded. It bounds what a killed process loses.
    static let recordBytes: Int64 = 256 << 10
    /// How much is written between two requests for writeback.
    static let writebackBytes: Int64 = 8 << 20
    /// How many extents may be unrecorded at once: a connection has one, whoever writes here and there has many.
    static let maximumUnrecorded = 64

    var journal: ExtentJournal
    /// There, checked or written by this run.
    var held = ExtentMap()
    /// Those of `held` that this run wrote.
    var fresh = ExtentMap()
    /// Extents of earlier runs that are still to be checked, first one last.
    var claims: [JournalContents.Claim]
    /// The ranges of `claims` and of the one being checked.
    var claimed = ExtentMap()
    var suspects = ExtentMap()
    var sources: [UInt16: JournalContents.Source]
    var failedDigest: SHA256Digest?
    private var unrecorded: [UnrecordedExtent] = []
    /// Being written or checked just now: nobody else may write there.
    private var busy = ExtentMap()
    /// What was written since the last request for writeback: the range that holds it, and how much it is.
    private var unsubmitted: (range: Range<Int64>, bytes: Int64)?

    init(journal: consuming ExtentJournal, contents: JournalContents) {
        self.journal = journal
        claims = contents.claims.reversed()
        sources = contents.sources
        failedDigest = contents.failedDigest
        for claim in contents.claims {
            claimed.insert(claim.range, source: claim.source)
            if claim.isSuspect { suspects.insert(claim.range, source: claim.source) }
        }
    }

    /// The first range at or after `offset` that is neither there nor claimed.
    func firstGap(from offset: Int64, size: Int64) -> Range<Int64>? {
        Self.firstGap(in: [held, claimed], from: offset, limit: size)
    }

    /// The first range that none of some maps has.
    private static func firstGap(in maps: [ExtentMap], from offset: Int64, limit: Int64) -> Range<Int64>? {
        var start = offset
        while true {
            let next = maps.reduce(start) { $1.contiguousEnd(from: $0, limit: limit) }
            let isLast = next == start || next >= limit
            start = next
            if isLast { break }
        }
        var gap: Range<Int64>? = start < limit ? start..<limit : nil
        for map in maps { gap = gap.flatMap { map.firstGap(from: start, limit: $0.upperBound) } }
        return gap
    }

    /// Takes what is missing of a range for one writer, until ``end(_:)``.
    ///
    /// Bytes that are there, claimed or on their way are never written over: the hash may have seen them already, and would
    /// then be that of bytes that are no longer on the disk.
    mutating func begin(_ range: Range<Int64>) -> [Range<Int64>] {
        var taken: [Range<Int64>] = []
        var position = range.lowerBound
        while let gap = Self.firstGap(in: [held, claimed, busy], from: position, limit: range.upperBound) {
            taken.append(gap)
            position = gap.upperBound
        }
        for part in taken { busy.insert(part, source: 0) }
        return taken
    }

    /// Takes the next claim to be checked, until ``end(_:)``.
    mutating func beginCheck() -> JournalContents.Claim? {
        guard let claim = claims.popLast() else { return nil }
        busy.insert(claim.range, source: 0)
        return claim
    }

    /// The bytes of a range were written or checked, and hashed if they are to be hashed from memory.
    mutating func end(_ range: Range<Int64>) { busy.remove(range) }

    /// Counts written bytes towards the next request for writeback.
    ///
    /// - Returns: a range with enough of them; others between them, if any, are no harm.
    mutating func submit(_ range: Range<Int64>) -> Range<Int64>? {
        var (all, bytes) = unsubmitted ?? (range, 0)
        all = min(all.lowerBound, range.lowerBound)..<max(all.upperBound, range.upperBound)
        bytes += Int64(range.count)
        unsubmitted = bytes < Self.writebackBytes ? (all, bytes) : nil
        return unsubmitted == nil ? all : nil
    }

    /// Takes up written bytes, and records them when enough have come.
    mutating func add(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int64>, source: UInt16
    ) throws(StorageError) {
        held.insert(range, source: source)
        fresh.insert(range, source: source)
        suspects.remove(range)
        failedDigest = nil
        let extent: UnrecordedExtent
        if let open = unrecorded.first(where: { $0.range.upperBound == range.lowerBound && $0.source == source }) {
            extent = open
        } else {
            if unrecorded.count >= Self.maximumUnrecorded { try record() }
            extent = UnrecordedExtent(at: range.lowerBound, source: source, key: journal.key)
            unrecorded.append(extent)
        }
        // Records stay well below the longest extent that a reader takes, whatever is written at once.
        var rest = bytes
        while !rest.isEmpty {
            let part = min(rest.count, Int(JournalRecord.maximumExtent - Self.recordBytes))
            extent.append(UnsafeRawBufferPointer(rebasing: rest[..<part]))
            rest = UnsafeRawBufferPointer(rebasing: rest[part...])
            if extent.range.count >= Self.recordBytes { try record(extent) }
        }
    }

    private mutating func record(_ extent: UnrecordedExtent) throws(StorageError) {
        try journal.append([extent.finish()])
        if extent.range.isEmpty { unrecorded.removeAll { $0 === extent } }
    }

    /// The number of a source; see ``PartialFile/source(origin:validator:)``.
    mutating func source(origin: String, validator: String) throws(StorageError) -> UInt16 {
        let clip = { (text: String) in String(decoding: text.utf8.prefix(JournalRecord.maximumText), as: UTF8.self) }
        let source = JournalContents.Source(origin: clip(origin), validator: clip(validator))
        var records: [JournalRecord] = []
        let changed = sources.filter { number, other in
            other.origin == source.origin && other.validator != source.validator && number != JournalContents.foundHere
        }
        for extent in held.extents + claimed.extents
        where changed[extent.source] != nil && !suspects.contains(extent.range) {
            records.append(.suspect(extent.range))
            suspects.insert(extent.range, source: extent.source)
        }
        let known = sources.first { $0.value == source && $0.key != JournalContents.foundHere }?.key
        // A source whose validator changes with every answer could use the numbers up: the last one is shared then.
        let number = known ?? UInt16(clamping: Int(sources.keys.max() ?? 0) + 1)
        if known == nil {
            records.append(.source(number: number, origin: source.origin, validator: source.validator))
            sources[number] = source
        }
        if !records.isEmpty {
            try record()
            try journal.append(records)
        }
        if known != nil, !source.validator.isEmpty {
            // The source's file is what it was: now those bytes are suspect that came in between. The journal has no word
            // for this; a later run that asks this source comes to the same.
            for range in suspects.ranges(of: number) { suspects.remove(range) }
        }
        return number
    }

    /// Gives up a range; see ``PartialFile/void(_:)``.
    mutating func void(_ range: Range<Int64>) throws(StorageError) {
        try record()
        try journal.append([.void(range)])
        held.remove(range)
        fresh.remove(range)
        suspects.remove(range)
        // A claim that reaches out of the range goes as a whole: what is left of it could not be checked.
        claimed.remove(range)
        for claim in claims where claim.range.overlaps(range) { claimed.remove(claim.range) }
        claims.removeAll { $0.range.overlaps(range) }
        failedDigest = nil
    }

    /// Records everything that is unrecorded.
    mutating func record() throws(StorageError) {
        guard !unrecorded.isEmpty else { return }
        let records = unrecorded.filter { !$0.range.isEmpty }.map { $0.finish() }
        unrecorded = []
        try journal.append(records)
    }
}
