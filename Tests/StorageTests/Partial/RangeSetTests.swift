import SeededRandom
import Testing

@testable import Storage

@Suite struct `A set of ranges` {
    @Test(arguments: 0..<20)
    func `agrees with a set of every byte`(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        var set = RangeSet<Int64>()
        var bytes = [Bool](repeating: false, count: 64)
        for _ in 0..<60 {
            let start = generator.below(64)
            let end = min(64, start + generator.below(20))
            let isIn = generator.chance(60)
            if isIn {
                set.insert(contentsOf: Int64(start)..<Int64(end))
            } else {
                set.remove(contentsOf: Int64(start)..<Int64(end))
            }
            for index in start..<end { bytes[index] = isIn }
            let from = generator.below(64)
            let to = from + generator.below(65 - from)
            #expect(set.contains(Int64(from)..<Int64(to)) == bytes[from..<to].allSatisfy { $0 })
            #expect(set.byteCount == Int64(bytes.count { $0 }))
        }
    }
}
