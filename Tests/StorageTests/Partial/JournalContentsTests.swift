import Hashing
import SeededRandom
import Testing

@testable import Storage

private let size: Int64 = 10 << 20

@Suite(.timeLimit(.minutes(10))) struct `What a journal says` {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let records: [JournalRecord]
        let claims: [JournalContents.Claim]

        init(_ name: String, _ records: [JournalRecord], _ claims: [JournalContents.Claim]) {
            testDescription = name
            self.records = records
            self.claims = claims
        }
    }

    @Test(arguments: [
        Case("nothing", [], []),
        Case("one extent", [extent(5, 10)], [claim(5, 10)]),
        Case(
            "neighbours stay apart", [extent(5, 10, 1, 1), extent(0, 5, 1, 2)], [claim(0, 5, 1, 2), claim(5, 10, 1, 1)]),
        Case("an unknown source", [extent(0, 5, 7)], []),
        Case("beyond the end", [extent(size - 5, size + 1), extent(size, size + 1), extent(.max - 1, .max)], []),
        Case("up to the end", [extent(size - 5, size)], [claim(size - 5, size)]),
        Case("an ignored extent hides nothing", [extent(0, 5), extent(0, 5, 7), extent(0, size + 1)], [claim(0, 5)]),
        Case("the same range twice", [extent(0, 5, 1, 1), extent(0, 5, 1, 2)], [claim(0, 5, 1, 2)]),
        Case("an overlapped extent goes as a whole", [extent(0, 10, 1, 1), extent(9, 12, 1, 2)], [claim(9, 12, 1, 2)]),
        Case(
            "a chain of overlaps", [extent(0, 10, 1, 1), extent(5, 15, 1, 2), extent(14, 20, 1, 3)],
            [claim(14, 20, 1, 3)]),
        Case("void", [extent(0, 10), extent(10, 20), .void(10..<20)], [claim(0, 10)]),
        Case("void of a part", [extent(0, 10), .void(3..<4)], []),
        Case("void of everything and beyond", [extent(0, 10), .void(0 ..< .max)], []),
        Case(
            "void, then written again", [extent(0, 10, 1, 1), .void(0..<10), extent(2, 10, 1, 2)], [claim(2, 10, 1, 2)]),
        Case("found", [.found(0..<10)], [found(0, 10)]),
        Case(
            "found, beyond the end", [.found(size - 1..<size + 10), .found(size + 20..<size + 30)],
            [found(size - 1, size)]),
        Case("found, in steps", [.found(5..<(2 << 20))], [found(5, (1 << 20) + 5), found((1 << 20) + 5, 2 << 20)]),
        Case(
            "found, then partly written", [.found(0..<20), extent(5, 10)],
            [found(0, 5), claim(5, 10), found(10, 20)]),
        Case("found, then partly void", [.found(0..<20), .void(5..<10)], [found(0, 5), found(10, 20)]),
        Case("found over an extent", [extent(0, 10), .found(9..<12)], [found(9, 12)]),
        Case("found twice", [.found(0..<10), .found(5..<15)], [found(0, 5), found(5, 15)]),
        Case(
            "found and read", [.found(0..<20), extent(0, 10, 0, 1)],
            [claim(0, 10, 0, 1), found(10, 20)]),
        Case("number 0 is not to be had", [.source(number: 0, origin: "x", validator: "y")], []),
    ])
    func `is what its records mean, one after another`(_ test: Case) {
        let contents = JournalContents(playing: [sourceOne] + test.records, size: size)
        #expect(contents.claims == test.claims)
        #expect(contents.versions[0] == nil)
    }

    @Test func `forgets the failed digest once anything changed`() {
        let failed = JournalRecord.digestFailed(sha256([1]))
        let play = { JournalContents(playing: [sourceOne] + $0, size: size).failedDigest }
        #expect(play([extent(0, 5), failed]) == sha256([1]))
        #expect(play([failed, .source(number: 2, origin: "x", validator: "")]) == sha256([1]))
        #expect(play([failed, .digestFailed(sha256([2]))]) == sha256([2]))
        for change in [extent(0, 5), .void(0..<5), .found(0..<5)] {
            #expect(play([failed, change]) == nil)
            #expect(play([change, failed]) == sha256([1]))
        }
    }

    @Test func `knows which version each source gave last`() {
        let (a, b) = (SourceID(url: "a"), SourceID(url: "b"))
        let (one, two) = (SourceVersion(a, validator: "etag:1"), SourceVersion(a, validator: "etag:2"))
        let records: [JournalRecord] = [
            .source(number: 1, one), .source(number: 2, two), .source(number: 3, SourceVersion(b, validator: "")),
            .source(number: 1, one),
        ]
        for (count, last) in [(1, 1), (2, 2), (3, 2), (4, 1)] as [(Int, UInt16)] {
            #expect(JournalContents(playing: Array(records[..<count]), size: size).latest[a] == last)
        }
        #expect(JournalContents(playing: records, size: size).latest[b] == 3)
    }

    @Test(arguments: 0..<200)
    func `is the same after it is rewritten without obsolete records`(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        var records: [JournalRecord] = []
        for number in 0..<Int.random(in: 1...60, using: &generator) {
            let start = Int64.random(in: 0..<60, using: &generator)
            let end = start + Int64.random(in: 1...25, using: &generator)
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: records.append(.void(start..<end))
            case 1: records.append(.found(start..<end))
            case 2: records.append(.digestFailed(sha256([UInt8(number)])))
            case 3, 4:
                let source = UInt16.random(in: 1...4, using: &generator)
                let version = SourceVersion("s\(source % 2)", "etag:\(source)")
                records.append(.source(number: source, version))
            default: records.append(extent(start, end, UInt16.random(in: 0...4, using: &generator), number))
            }
        }
        let contents = JournalContents(playing: records, size: 60)
        let again = JournalContents(playing: contents.records, size: 60)
        #expect(again.claims == contents.claims)
        #expect(again.latest == contents.latest)
        #expect(again.failedDigest == contents.failedDigest)
        for claim in contents.claims { #expect(again.versions[claim.source] == contents.versions[claim.source]) }
        #expect(contents.records.count <= contents.claims.count + 5)
    }

    // MARK: Against a simple model

    @Test(arguments: 0..<60)
    func `agrees with a reader that goes forward record by record`(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let size = 60
        var records = [sourceOne]
        for number in 0..<Int.random(in: 1...40, using: &generator) {
            let start = Int64.random(in: 0..<Int64(size), using: &generator)
            let end = start + Int64.random(in: 1...25, using: &generator)
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: records.append(.void(start..<end))
            case 2: records.append(.found(start..<end))
            case 3: records.append(extent(start, end, 0, number))
            default: records.append(extent(start, end, 1, number))
            }
        }
        var model = SimpleReader(size: size)
        for record in records { model.play(record) }
        let contents = JournalContents(playing: records, size: Int64(size))
        #expect(contents.claims.filter { $0.checksum != nil } == model.claims)
        var foundBytes: [Int] = []
        for claim in contents.claims where claim.checksum == nil { foundBytes += claim.range.map { Int($0) } }
        #expect(foundBytes == model.found.sorted())
    }

    private struct SimpleReader {
        let size: Int
        private var kept: [JournalContents.Claim] = []
        private(set) var found: Set<Int> = []

        init(size: Int) { self.size = size }

        var claims: [JournalContents.Claim] { kept.sorted { $0.range.lowerBound < $1.range.lowerBound } }

        mutating func play(_ record: JournalRecord) {
            switch record {
            case .extent(let range, let source, let checksum):
                guard range.upperBound <= size else { return }
                clear(range)
                kept.append(.init(range: range, source: source, checksum: checksum))
            case .void(let range): clear(range)
            case .found(let range):
                clear(range)
                found.formUnion(range.clamped(to: 0..<Int64(size)).map { Int($0) })
            case .source, .digestFailed: break
            }
        }

        private mutating func clear(_ range: Range<Int64>) {
            kept.removeAll { $0.range.overlaps(range) }
            found.subtract(range.map { Int($0) })
        }
    }

    // MARK: Hostile journals

    @Test func `of one found range without end is a million claims, not as many as memory holds`() {
        let size: Int64 = 1 << 53
        let claims = JournalContents(playing: [.found(0..<size), extent(5, 10), .found(7..<size)], size: size).claims
        #expect(claims.count == JournalContents.maximumFound)
        #expect(claims.last?.range.upperBound ?? 0 <= size)
    }

    enum Attack: String, CaseIterable { case nested, reversed, founds, voids, random }

    @Test(arguments: Attack.allCases)
    func `takes time in proportion to its records, however they overlap`(attack: Attack) {
        let count: Int64 = 100_000
        let size = 3 * count
        var generator = SplitMix64(seed: 1)
        var records = [sourceOne]
        for index in 0..<count {
            switch attack {
            case .nested: records.append(extent(index, size - index))
            case .reversed: records.append(extent(size - index - 2, size - index))
            case .founds: records.append(.found(index..<size - index))
            case .voids: records.append(index % 2 == 0 ? extent(index, index + 2) : .void(index..<size))
            case .random:
                let start = Int64.random(in: 0..<size, using: &generator)
                records.append(extent(start, Int64.random(in: start + 1...size, using: &generator)))
            }
        }
        // A reader that takes square time would be at it for an hour: the suite's time limit is the expectation.
        let claims = JournalContents(playing: records, size: size).claims
        #expect(claims.count <= 2 * records.count)
        for (left, right) in zip(claims, claims.dropFirst()) where left.range.upperBound > right.range.lowerBound {
            Issue.record("\(left.range) and \(right.range) overlap")
        }
    }
}
