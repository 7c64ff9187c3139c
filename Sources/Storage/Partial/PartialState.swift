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
    private(set) var versions: [UInt16: SourceVersion]
    /// The number of the version that each source gave last.
    private var latest: [SourceID: UInt16]
    /// The numbers of versions that more than one answer may be of.
    private var numbers: [SourceVersion: UInt16] = [:]
    private var highestNumber: UInt16
    /// The sources that have given several validators.
    private var changed: Set<SourceID> = []
    var failedDigest: SHA256Digest?
    private var unrecorded: [UnrecordedExtent] = []
    /// Being written or checked just now: nobody else may write there.
    private var busy = ExtentMap()
    /// What was written since the last request for writeback: the range that holds it, and how much it is.
    private var unsubmitted: (range: Range<Int64>, bytes: Int64)?

    init(journal: consuming ExtentJournal, contents: JournalContents) {
        self.journal = journal
        claims = contents.claims.reversed()
        versions = contents.versions
        latest = contents.latest
        highestNumber = contents.versions.keys.max() ?? 0
        for (number, version) in contents.versions where !version.isOneAnswer { numbers[version] = number }
        for version in contents.versions.values {
            let last = contents.latest[version.source].flatMap { contents.versions[$0] }
            if last?.validator != version.validator { changed.insert(version.source) }
        }
        failedDigest = contents.failedDigest
        for claim in contents.claims { claimed.insert(claim.range, source: claim.source) }
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
            if extent.range.count >= Self.recordBytes { try journal.append([extent.finish()]) }
        }
        if extent.range.isEmpty { unrecorded.removeAll { $0 === extent } }
    }

    /// The number of a version; see ``PartialFile/number(of:)``.
    mutating func number(of version: SourceVersion) throws(StorageError) -> UInt16 {
        var version = version
        version.validator = String(decoding: version.validator.utf8.prefix(JournalRecord.maximumText), as: UTF8.self)
        // One answer's bytes have a number to themselves.
        let known = version.isOneAnswer ? nil : numbers[version]
        if let known, latest[version.source] == known { return known }
        // A source whose validator changes with every answer could use the numbers up: what comes then is of no known source.
        guard let number = known ?? UInt16(exactly: Int(highestNumber) + 1) else { return JournalContents.foundHere }
        try record()
        try journal.append([.source(number: number, version)])
        if let last = latest[version.source], versions[last]?.validator != version.validator {
            changed.insert(version.source)
        }
        versions[number] = version
        latest[version.source] = number
        if !version.isOneAnswer { numbers[version] = number }
        highestNumber = max(highestNumber, number)
        return number
    }

    /// The validator that a source gave last; `nil` where it gave none.
    func validator(of source: SourceID) -> String? {
        latest[source].flatMap { versions[$0]?.validator }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether the bytes that are there came from a source under several validators.
    func hasChanged(_ source: SourceID) -> Bool { changed.contains(source) }

    /// Every extent that is there or claimed.
    var everything: [ExtentMap.Extent] { held.extents + claimed.extents }

    /// Those whose source has given another validator since. That it gives none any more clears nobody but what came now.
    var suspects: [Range<Int64>] {
        everything.filter { extent in
            guard let version = versions[extent.source] else { return false }
            if latest[version.source] != extent.source { return true }
            return version.validator.isEmpty && changed.contains(version.source) && !fresh.contains(extent.range)
        }.map(\.range)
    }

    /// The one version of which all bytes are; `nil` if there are none, or they are of several, or nobody knows.
    var soleVersion: SourceVersion? {
        let numbers = Set(everything.map(\.source))
        guard numbers.count == 1, let number = numbers.first, let version = versions[number] else { return nil }
        return version.isOneVersion ? version : nil
    }

    /// Where the bytes came from that are there.
    var provenance: Provenance {
        if let version = soleVersion { return .oneVersion(version.source) }
        let sources = Set(everything.map { versions[$0.source]?.source })
        guard sources.count == 1, let source = sources.first, let source else { return .mixed }
        return .oneSource(source)
    }

    /// What is not of the version of which most is there, and that can be gone on with: all, if there is none.
    func rangesBesideOneVersion(of sources: Set<SourceID>, size: Int64) -> [Range<Int64>] {
        var bytes: [UInt16: Int64] = [:]
        for extent in everything { bytes[extent.source, default: 0] += Int64(extent.range.count) }
        let best = bytes.filter { number, count in
            guard let version = versions[number], sources.contains(version.source) else { return false }
            return version.isResumable || version.isOneVersion && count == size
        }.max { ($0.value, $0.key) < ($1.value, $1.key) }
        return everything.filter { $0.source != best?.key }.map(\.range)
    }

    /// Gives up a range; see ``PartialFile/void(_:)``.
    mutating func void(_ range: Range<Int64>) throws(StorageError) {
        try record()
        try journal.append([.void(range)])
        held.remove(range)
        fresh.remove(range)
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
