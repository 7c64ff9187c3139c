internal import Hashing
internal import Threads

/// What a ``PartialFile`` knows about its bytes: what is held, what is claimed, what is being written.
///
/// A byte is *claimed* if an earlier run recorded it, and *held* once it was read back or written by this run.
struct PartialState {
    /// The bytes that were checked or written by this run.
    var held = ExtentMap()
    /// The part of `held` that this run wrote.
    private(set) var fresh = RangeSet<Int64>()
    /// The extents of earlier runs that are still to be checked; the first one is last.
    private(set) var claims: [JournalContents.Claim]
    /// The ranges of `claims` and of the claims being checked.
    private(set) var claimed = ExtentMap()
    var versions: SourceVersions
    /// The digest of the complete file when it was last compared and did not match, if nothing has changed since.
    var failedDigest: SHA256Digest?
    private var reservations = Reservations()
    private var writeback = WritebackMeter()

    init(_ contents: JournalContents) {
        claims = contents.claims.reversed()
        versions = SourceVersions(contents)
        failedDigest = contents.failedDigest
        for claim in contents.claims { claimed.insert(claim.range, source: claim.source) }
    }

    // MARK: What is missing

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

    /// Everything that is neither held nor claimed.
    func gaps(size: Int64) -> RangeSet<Int64> {
        var gaps = RangeSet<Int64>()
        var position: Int64 = 0
        while let gap = firstGap(from: position, size: size) {
            gaps.insert(contentsOf: gap)
            position = gap.upperBound
        }
        return gaps
    }

    // MARK: Writing

    /// Reserves the missing parts of a range for one writer, until ``end(_:)``.
    ///
    /// Bytes that are held, claimed or being written are never overwritten: the hash may already include them, and would then
    /// be the hash of bytes that are no longer on the disk.
    mutating func begin(_ range: Range<Int64>) -> [Range<Int64>] {
        var parts: [Range<Int64>] = []
        var position = range.lowerBound
        while let gap = firstGap(from: position, size: range.upperBound) {
            parts += reservations.free(in: gap)
            position = gap.upperBound
        }
        for part in parts { reservations.begin(part) }
        return parts
    }

    /// What became of bytes that were written.
    enum Written: Sendable {
        /// They are held. If there is a range, its writeback is due.
        case held(writeback: Range<Int64>?)
        /// Some of them were discarded while they were written, and so none is held.
        case discarded
    }

    /// Marks bytes that were written as held.
    mutating func hold(_ range: Range<Int64>, source: UInt16) -> Written {
        guard !reservations.isDiscarded(range) else { return .discarded }
        held.insert(range, source: source)
        fresh.insert(contentsOf: range)
        failedDigest = nil
        return .held(writeback: writeback.wrote(range))
    }

    /// The bytes of a range were written or checked, and hashed if they can be hashed from memory.
    mutating func end(_ range: Range<Int64>) { reservations.end(range) }

    // MARK: Checking

    /// Reserves the claim with the lowest offset for checking, until ``end(_:)``.
    mutating func beginCheck() -> JournalContents.Claim? {
        guard let claim = claims.popLast() else { return nil }
        reservations.begin(claim.range)
        return claim
    }

    /// Whether bytes of a range that is being checked were discarded meanwhile.
    func isDiscarded(_ range: Range<Int64>) -> Bool { reservations.isDiscarded(range) }

    /// Makes a claim that was read back held if it is right.
    ///
    /// - Returns: whether it is held. If a part of it was discarded while it was read, all of it is.
    mutating func settle(_ claim: JournalContents.Claim, isRight: Bool) -> Bool {
        claimed.remove(claim.range)
        guard isRight, !reservations.isDiscarded(claim.range) else { return false }
        held.insert(claim.range, source: claim.source)
        return true
    }

    /// Makes a claim that could not be checked the next one again.
    mutating func putBack(_ claim: JournalContents.Claim) {
        guard !reservations.isDiscarded(claim.range) else { return claimed.remove(claim.range) }
        let index = claims.lastIndex { $0.range.lowerBound > claim.range.lowerBound }
        claims.insert(claim, at: index.map { $0 + 1 } ?? 0)
    }

    // MARK: Discarding

    /// Discards a range; see ``PartialFile/void(_:)``.
    mutating func void(_ range: Range<Int64>) {
        reservations.discard(range)
        held.remove(range)
        fresh.remove(contentsOf: range)
        // A claim that reaches beyond the range is dropped as a whole: the rest of it could not be checked.
        claimed.remove(range)
        for claim in claims where claim.range.overlaps(range) { claimed.remove(claim.range) }
        claims.removeAll { $0.range.overlaps(range) }
        failedDigest = nil
    }
}

/// The state that a partial file, its writers and its hasher share, behind one lock. No system call is made and nothing is hashed
/// under it. For its place in the order of locks, see ``PartialFile``.
final class SharedPartialState: Sendable {
    private let state: Lock<PartialState>

    init(_ contents: JournalContents) { state = Lock(PartialState(contents)) }

    func withLock<R, E: Error>(_ body: (inout sending PartialState) throws(E) -> sending R) throws(E) -> sending R {
        try state.withLock(body)
    }
}
