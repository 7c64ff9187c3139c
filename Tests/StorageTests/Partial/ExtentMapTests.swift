import SeededRandom
import Storage
import Testing

private func extent(_ start: Int64, _ end: Int64, _ source: UInt16 = 1) -> ExtentMap.Extent {
    ExtentMap.Extent(start..<end, source: source)
}

private func map(_ extents: [ExtentMap.Extent]) -> ExtentMap {
    var map = ExtentMap()
    for extent in extents { map.insert(extent.range, source: extent.source) }
    return map
}

@Suite(.timeLimit(.minutes(10))) struct `An extent map` {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let before: [ExtentMap.Extent]
        let change: ExtentMap.Extent
        let after: [ExtentMap.Extent]
        var testDescription: String { name }
    }

    @Test(arguments: [
        Case(name: "first", before: [], change: extent(0, 5), after: [extent(0, 5)]),
        Case(name: "empty", before: [extent(0, 5)], change: extent(9, 9), after: [extent(0, 5)]),
        Case(name: "joins left", before: [extent(0, 5)], change: extent(5, 9), after: [extent(0, 9)]),
        Case(name: "joins right", before: [extent(5, 9)], change: extent(0, 5), after: [extent(0, 9)]),
        Case(name: "fills", before: [extent(0, 3), extent(6, 9)], change: extent(3, 6), after: [extent(0, 9)]),
        Case(
            name: "touches another source", before: [extent(0, 5, 2)], change: extent(5, 9),
            after: [extent(0, 5, 2), extent(5, 9)]),
        Case(
            name: "cuts another source in two", before: [extent(0, 9, 2)], change: extent(3, 6),
            after: [extent(0, 3, 2), extent(3, 6), extent(6, 9, 2)]),
        Case(name: "within its own", before: [extent(0, 9)], change: extent(3, 6), after: [extent(0, 9)]),
        Case(
            name: "swallows", before: [extent(1, 2, 2), extent(3, 4), extent(5, 7, 2)], change: extent(0, 6),
            after: [extent(0, 6), extent(6, 7, 2)]),
        Case(
            name: "at the far end", before: [], change: extent(.max - 1, .max), after: [extent(.max - 1, .max)]),
    ])
    func `adds a range`(_ test: Case) {
        var map = map(test.before)
        map.insert(test.change.range, source: test.change.source)
        #expect(map.extents == test.after)
    }

    @Test(arguments: [
        Case(name: "nothing", before: [], change: extent(0, 5), after: []),
        Case(name: "empty", before: [extent(0, 5)], change: extent(3, 3), after: [extent(0, 5)]),
        Case(
            name: "between", before: [extent(0, 3), extent(6, 9)], change: extent(3, 6),
            after: [extent(0, 3), extent(6, 9)]),
        Case(name: "the front", before: [extent(2, 9)], change: extent(0, 4), after: [extent(4, 9)]),
        Case(name: "the back", before: [extent(2, 9)], change: extent(4, 20), after: [extent(2, 4)]),
        Case(name: "the middle", before: [extent(0, 9)], change: extent(3, 6), after: [extent(0, 3), extent(6, 9)]),
        Case(name: "all", before: [extent(0, 3), extent(4, 9, 2)], change: extent(0, .max), after: []),
    ])
    func `removes a range`(_ test: Case) {
        var map = map(test.before)
        map.remove(test.change.range)
        #expect(map.extents == test.after)
    }

    @Test func `finds gaps between extents of any source`() {
        let map = map([extent(2, 4), extent(4, 6, 2), extent(8, 9)])
        #expect(map.firstGap(from: 0, limit: 10) == 0..<2)
        #expect(map.firstGap(from: 2, limit: 10) == 6..<8)
        #expect(map.firstGap(from: 7, limit: 10) == 7..<8)
        #expect(map.firstGap(from: 8, limit: 10) == 9..<10)
        #expect(map.firstGap(from: 8, limit: 9) == nil)
        #expect(map.firstGap(from: 3, limit: 6) == nil)
        #expect(map.firstGap(from: 0, limit: 1) == 0..<1)
        #expect(map.firstGap(from: 20, limit: 10) == nil)
        #expect(ExtentMap().firstGap(from: 0, limit: 0) == nil)
    }

    @Test(arguments: 0..<40)
    func `agrees with a map of every byte`(seed: UInt64) {
        let size = 64
        var generator = SplitMix64(seed: seed)
        var map = ExtentMap()
        var bytes = [UInt16?](repeating: nil, count: size)
        for _ in 0..<100 {
            let start = Int.random(in: 0..<size, using: &generator)
            let end = Int.random(in: start...min(size, start + 20), using: &generator)
            let source: UInt16? = [nil, 1, 1, 2, 3].randomElement(using: &generator)!
            if let source {
                map.insert(Int64(start)..<Int64(end), source: source)
            } else {
                map.remove(Int64(start)..<Int64(end))
            }
            for index in start..<end { bytes[index] = source }
            compare(map, bytes, &generator)
        }
    }

    private func compare(_ map: ExtentMap, _ bytes: [UInt16?], _ generator: inout SplitMix64) {
        var expected: [ExtentMap.Extent] = []
        for (index, source) in bytes.enumerated() {
            guard let source else { continue }
            let range = Int64(index)..<Int64(index) + 1
            if let last = expected.last, last.source == source, last.range.upperBound == range.lowerBound {
                expected[expected.count - 1].range = last.range.lowerBound..<range.upperBound
            } else {
                expected.append(ExtentMap.Extent(range, source: source))
            }
        }
        #expect(map.extents == expected)
        #expect(map.byteCount == Int64(bytes.count { $0 != nil }))
        #expect(map.ranges(of: 2) == expected.filter { $0.source == 2 }.map(\.range))
        let offset = Int.random(in: 0..<bytes.count, using: &generator)
        let limit = Int.random(in: offset...bytes.count, using: &generator)
        let end = bytes[offset...].firstIndex { $0 == nil } ?? bytes.count
        #expect(map.contiguousEnd(from: Int64(offset)) == Int64(end))
        #expect(map.contains(Int64(offset)..<Int64(limit)) == bytes[offset..<limit].allSatisfy { $0 != nil })
        let gap = bytes[offset..<limit].firstIndex { $0 == nil }.map { start in
            Int64(start)..<Int64(bytes[start..<limit].firstIndex { $0 != nil } ?? limit)
        }
        #expect(map.firstGap(from: Int64(offset), limit: Int64(limit)) == gap)
    }
}
