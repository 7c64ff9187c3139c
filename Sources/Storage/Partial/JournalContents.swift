internal import Hashing

/// What a journal says, after its records were played one after another. Everything in it is a claim.
struct JournalContents: Hashable, Sendable {
    /// An extent that the journal says is on the disk.
    struct Claim: Hashable, Sendable {
        var range: Range<Int64>
        var source: UInt16
        /// `nil` for bytes that another tool left, of which nothing is known.
        var checksum: BlockChecksum?
    }

    /// In order and disjoint.
    var claims: [Claim] = []
    /// What each source number stands for, but ``foundHere``.
    var versions: [UInt16: SourceVersion] = [:]
    /// The number of the version that each source gave last.
    var latest: [SourceID: UInt16] = [:]
    /// The digest that the whole file had when it was last tried, if nothing changed since.
    var failedDigest: SHA256Digest?

    init() {}

    /// The source number of bytes that another tool left.
    static let foundHere: UInt16 = 0
    /// How much of a found range one claim takes, in bytes.
    static let foundStep: Int64 = 1 << 20
    /// So many claims come of found ranges at most, which is a terabyte: one record can name a range of any length, and
    /// would otherwise fill the memory. What lies beyond is fetched again.
    static let maximumFound = 1 << 20

    /// Plays records of a file of `size` bytes. Extents beyond it or of no known source are ignored.
    ///
    /// An extent survives if no later extent or void reaches into it. Whoever wrote the journal may have meant harm, so this
    /// takes time in proportion to the records (but for sorting), however they overlap: the boundaries of all ranges cut the
    /// file into cells, and the records paint cells backwards, latest first; each cell is painted once.
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

    /// The records that say the same, and nothing else: what a journal is rewritten as when most of it says nothing any more.
    var records: [JournalRecord] {
        let used = Set(claims.map(\.source)).union(latest.values)
        // The last one of a source is the one that counts: those that others came after go first.
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

    /// What is claimed of bytes that another tool left, in pieces.
    private static func foundClaims(_ range: Range<Int64>, limit: Int) -> [Claim] {
        stride(from: range.lowerBound, to: range.upperBound, by: Int(foundStep)).prefix(limit).map { start in
            Claim(range: start..<min(start + foundStep, range.upperBound), source: foundHere, checksum: nil)
        }
    }
}

extension JournalRecord {
    /// The bytes of the file that a record is about.
    fileprivate var range: Range<Int64>? {
        switch self {
        case .extent(let range, _, _), .void(let range), .found(let range): range
        case .source, .digestFailed: nil
        }
    }
}

/// The pieces into which some boundaries cut a line.
private struct Cells {
    private let starts: [Int64]
    var count: Int { starts.count }

    init(boundaries: [Int64]) {
        var starts: [Int64] = []
        for boundary in boundaries.sorted() where boundary != starts.last { starts.append(boundary) }
        self.starts = starts
    }

    /// The cells that make up a range between two boundaries.
    func indices(of range: Range<Int64>) -> Range<Int> { index(of: range.lowerBound)..<index(of: range.upperBound) }

    /// The ranges that some cells in order make up, neighbours joined.
    func ranges(of indices: [Int]) -> [Range<Int64>] {
        var ranges: [Range<Int64>] = []
        for index in indices {
            let range = starts[index]..<starts[index + 1]
            if let last = ranges.last, last.upperBound == range.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
            } else {
                ranges.append(range)
            }
        }
        return ranges
    }

    private func index(of boundary: Int64) -> Int {
        var (low, high) = (0, starts.count)
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] < boundary { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Which cells were painted: a union-find in which a painted cell points on towards the next that is not.
private struct Painting {
    private var next: [Int]

    init(_ cells: Cells) { next = Array(0...cells.count) }

    /// Paints the cells that are not yet, in order, and counts them.
    @discardableResult
    mutating func paint(_ cells: Range<Int>, each body: (Int) -> Void = { _ in }) -> Int {
        var painted = 0
        var cell = firstUnpainted(from: cells.lowerBound)
        while cell < cells.upperBound {
            next[cell] = cell + 1
            painted += 1
            body(cell)
            cell = firstUnpainted(from: cell)
        }
        return painted
    }

    private mutating func firstUnpainted(from cell: Int) -> Int {
        var root = cell
        while next[root] != root { root = next[root] }
        // Shorten the way for the next who asks.
        var step = cell
        while step != root {
            let following = next[step]
            next[step] = root
            step = following
        }
        return root
    }
}
