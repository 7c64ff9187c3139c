internal import Hashing

/// The result of playing a journal's records in order. Everything in it is a claim.
struct JournalContents: Hashable, Sendable {
    /// An extent that the journal says is on the disk.
    struct Claim: Hashable, Sendable {
        var range: Range<Int64>
        var source: UInt16
        /// `nil` for bytes that another tool left: nothing is known about them.
        var checksum: BlockChecksum?
    }

    /// In order and disjoint.
    var claims: [Claim] = []
    /// The version that each source number stands for, except ``foundHere``.
    var versions: [UInt16: SourceVersion] = [:]
    /// The number of the version that each source gave last.
    var latest: [SourceID: UInt16] = [:]
    /// The digest of the complete file when it was last compared and did not match, if nothing has changed since.
    var failedDigest: SHA256Digest?

    init() {}

    /// The source number of bytes that another tool left.
    static let foundHere: UInt16 = 0
    /// The length of a claim of found bytes.
    static let foundStep: Int64 = 1 << 20
    /// The maximum number of claims from found ranges, which is a terabyte. One record can name a range of any length, and would
    /// otherwise fill the memory. Bytes beyond the limit are fetched again.
    static let maximumFound = 1 << 20

    /// Plays records of a file of `size` bytes. Extents beyond it or of no known source are ignored.
    ///
    /// An extent survives if no later extent or void record overlaps it. The journal may be hostile, so the time is proportional to
    /// the number of records (except for sorting), however they overlap: the boundaries of all ranges cut the file into cells, and
    /// the records paint the cells, the latest record first. Each cell is painted once.
    init(playing records: [JournalRecord], size: Int64) {
        for case .source(let number, let version) in records where number != Self.foundHere {
            versions[number] = version
            latest[version.source] = number
        }
        var boundaries: [Int64] = []
        for record in records {
            guard let range = record.range else { continue }
            boundaries.append(range.lowerBound)
            boundaries.append(range.upperBound)
        }
        let cells = Cells(boundaries: boundaries)
        var decided = Painting(cells)
        var room = Self.maximumFound
        for record in records.reversed() {
            switch record {
            case .void(let range): decided.paint(cells.indices(of: range))
            case .extent(let range, let source, let checksum):
                guard range.upperBound <= size, source == Self.foundHere || versions[source] != nil else { continue }
                let indices = cells.indices(of: range)
                guard decided.paint(indices) == indices.count else { continue }
                claims.append(Claim(range: range, source: source, checksum: checksum))
            case .found(let range):
                var fresh: [Int] = []
                decided.paint(cells.indices(of: range)) { fresh.append($0) }
                for piece in cells.ranges(of: fresh) {
                    let pieces = Self.foundClaims(piece.clamped(to: 0..<size), limit: room)
                    claims += pieces
                    room -= pieces.count
                }
            case .source, .digestFailed: break
            }
        }
        claims.sort { $0.range.lowerBound < $1.range.lowerBound }
        let lastChange = records.lastIndex { $0.range != nil } ?? -1
        for case .digestFailed(let digest) in records[(lastChange + 1)...] { failedDigest = digest }
    }

    /// The shortest list of records with the same contents, for rewriting a journal.
    var records: [JournalRecord] { records(keeping: []) }

    /// - Parameter sources: numbers of versions that are kept although no extent refers to them yet.
    func records(keeping sources: Set<UInt16>) -> [JournalRecord] {
        let used = Set(claims.map(\.source)).union(latest.values).union(sources)
        // The last record of a source determines its latest version, so superseded versions come first.
        let numbers = used.intersection(versions.keys).sorted {
            (isLatest($0) ? 1 : 0, $0) < (isLatest($1) ? 1 : 0, $1)
        }
        var records: [JournalRecord] = numbers.map { .source(number: $0, versions[$0]!) }
        for claim in claims {
            if let checksum = claim.checksum {
                records.append(.extent(claim.range, source: claim.source, checksum: checksum))
            } else {
                records.append(.found(claim.range))
            }
        }
        if let failedDigest { records.append(.digestFailed(failedDigest)) }
        return records
    }

    private func isLatest(_ number: UInt16) -> Bool { versions[number].map { latest[$0.source] == number } == true }

    /// Claims for bytes that another tool left.
    private static func foundClaims(_ range: Range<Int64>, limit: Int) -> [Claim] {
        stride(from: range.lowerBound, to: range.upperBound, by: Int(foundStep)).prefix(limit).map { start in
            Claim(range: start..<min(start + foundStep, range.upperBound), source: foundHere, checksum: nil)
        }
    }
}

extension JournalRecord {
    /// The range of the file that a record refers to.
    fileprivate var range: Range<Int64>? {
        switch self {
        case .extent(let range, _, _), .void(let range), .found(let range): range
        case .source, .digestFailed: nil
        }
    }
}
