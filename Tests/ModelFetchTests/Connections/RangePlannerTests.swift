import SeededRandom
import Testing

@testable import ModelFetch

private let mega: Int64 = 1 << 20

@Suite struct `The planner of ranges` {
    private func planner(_ missing: Range<Int64>..., sizes: (inout LeaseSizes) -> Void = { _ in }) -> RangePlanner {
        var lengths = LeaseSizes()
        sizes(&lengths)
        return RangePlanner(missing: RangeSet(missing), sizes: lengths)
    }

    /// A planner with one lease for each rate, of equal lengths, that has run for two seconds.
    private func running(_ rates: [Int64], length: Int64 = 100 * mega) -> RangePlanner {
        var planner = planner(0..<Int64(rates.count) * length) { $0.most = length }
        for _ in rates { _ = planner.lease(of: 0, expecting: nil, among: 1, at: .zero) }
        for lease in planner.leases { planner.answered(lease.id, at: .zero) }
        for step in 1...8 {
            for (lease, rate) in zip(planner.leases, rates) where rate > 0 {
                _ = planner.advance(lease.id, to: lease.position + rate / 4, at: .milliseconds(250 * step))
            }
        }
        return planner
    }

    // MARK: Leases

    @Test func `leases the lowest offset first`() throws {
        var planner = planner(10 * mega..<20 * mega, 40 * mega..<60 * mega)
        let firstFound = planner.lease(of: 0, expecting: nil, among: 3, at: .zero)
        let first = try #require(firstFound)
        let secondFound = planner.lease(of: 1, expecting: nil, among: 3, at: .zero)
        let second = try #require(secondFound)
        #expect(first.rest == 10 * mega..<20 * mega)
        #expect(second.rest.lowerBound == 40 * mega)
        #expect(second.source == 1)
        planner.end(first.id)
        #expect(planner.lease(of: 0, expecting: nil, among: 1, at: .zero)?.rest == 10 * mega..<20 * mega)
    }

    @Test(
        arguments: [
            // An equal share of what is left for every connection, within bounds.
            (160 * mega, nil, 16, 10 * mega), (1 << 30, nil, 2, 64 * mega), (4 * mega, nil, 16, mega),
            (mega / 2, nil, 16, mega / 2),
            // A matter of seconds where the rate is known.
            (1 << 30, 1e6, 4, 8_000_000), (1 << 30, 1000, 4, mega), (1 << 30, 1e9, 4, 64 * mega),
            // A remainder that is too short for a request is taken along.
            (2 * mega - 1, nil, 2, 2 * mega - 1),
        ] as [(Int64, Double?, Int, Int64)])
    func `divides what is left`(left: Int64, rate: Double?, connections: Int, length: Int64) {
        var planner = planner(0..<left)
        let lease = planner.lease(of: 0, expecting: rate, among: connections, at: .zero)
        #expect(lease.map { Int64($0.rest.count) } == length)
    }

    @Test func `leases nothing beyond the window`() {
        var planner = planner(0..<100 * mega) { ($0.window, $0.most) = (10 * mega, 5 * mega) }
        let leases = (0..<4).map { _ in planner.lease(of: 0, expecting: nil, among: 4, at: .zero)?.rest.lowerBound }
        #expect(leases == [0, 5 * mega, nil, nil])
        // The window moves with the first missing byte.
        _ = planner.advance(0, to: 2 * mega, at: .zero)
        #expect(planner.lease(of: 0, expecting: nil, among: 4, at: .zero)?.rest.lowerBound == 10 * mega)
    }

    @Test func `takes back what a lease did not bring`() {
        var planner = planner(0..<10 * mega)
        _ = planner.lease(of: 0, expecting: nil, among: 1, at: .zero)
        _ = planner.advance(0, to: 3 * mega, at: .zero)
        #expect(planner.free.isEmpty)
        planner.end(0)
        #expect(planner.free == RangeSet(3 * mega..<10 * mega))
        #expect(!planner.isDone)
        planner.restore(0..<mega)
        #expect(planner.free == RangeSet([0..<mega, 3 * mega..<10 * mega]))
    }

    @Test func `shares what is missing equally among the connections that there will be`() {
        var planner = planner(0..<40 * mega)
        for number in 0..<4 {
            let lease = planner.lease(of: 0, expecting: nil, among: 4, at: .zero)
            #expect(lease?.rest == Int64(number) * 10 * mega..<Int64(number + 1) * 10 * mega)
        }
    }

    // MARK: Stealing

    @Test func `steals from the lease that would end last, so that both end together`() throws {
        var planner = running([1_000_000, 4_000_000])
        let before = planner.leases[0]
        let leaseFound = planner.steal(for: 0, expecting: 3_000_000, latency: .zero, at: .seconds(2))
        let lease = try #require(leaseFound)
        #expect(lease.rest.upperBound == before.end)
        #expect(planner.leases[0].end == lease.position)
        // Less than a quarter stays with the one that is three times slower: its rate is known a little too high at first.
        let kept = Double(planner.leases[0].rest.count) / Double(before.rest.count)
        #expect(kept > 0.24 && kept < 0.29)
        #expect(planner.leases[1].end == 200 * mega)
    }

    @Test func `leaves a lease alone that ends before another connection could help`() {
        for (rate, latency) in [(1_000_000.0, 200), (1_000.0, 1), (10_000_000.0, 400)] {
            // It has 0.3 s to go.
            var planner = running([1_000_000], length: 2_300_000)
            #expect(planner.steal(for: 0, expecting: rate, latency: .milliseconds(latency), at: .seconds(2)) == nil)
        }
        var planner = running([1_000_000], length: 2_300_000)
        #expect(planner.steal(for: 0, expecting: 1_000_000, latency: .milliseconds(1), at: .seconds(2)) != nil)
    }

    @Test(arguments: [(200, true), (300, false)])
    func `divides a lease only if that saves four latencies`(latency: Int, isDivided: Bool) {
        // It has 2.4 s to go. Another connection that is about as fast saves 1 s of them.
        var planner = running([1_000_000], length: 4_700_000)
        let lease = planner.steal(for: 0, expecting: 1_000_000, latency: .milliseconds(latency), at: .seconds(2))
        #expect((lease != nil) == isDivided)
    }

    @Test func `steals half where no rate is known of the thief`() throws {
        var planner = running([1_000_000])
        let rest = planner.leases[0].rest.count
        let leaseFound = planner.steal(for: 0, expecting: nil, latency: .zero, at: .seconds(2))
        let lease = try #require(leaseFound)
        #expect(abs(lease.rest.count - rest / 2) <= 1)
    }

    @Test func `steals nothing from a connection that has brought nothing yet`() {
        var planner = planner(0..<10 * mega)
        _ = planner.lease(of: 0, expecting: nil, among: 1, at: .zero)
        #expect(planner.steal(for: 0, expecting: 1e6, latency: .zero, at: .seconds(1)) == nil)
    }

    // MARK: Slow and silent ones

    @Test(
        arguments: [
            ([1000, 1000, 99], [2]), ([1000, 1000, 101], []), ([1000, 0], [1]), ([1000], []), ([0, 0, 0], []),
            ([5, 5, 1000, 1000, 1000], [0, 1]),
        ] as [([Int64], [Int])])
    func `finds the leases that are ten times slower than the others`(rates: [Int64], slow: [Int]) {
        var planner = running(rates.map { $0 * 1000 })
        #expect(planner.slow(at: .seconds(2)) == [], "too early to tell")
        for lease in planner.leases where rates[lease.id] > 0 {
            _ = planner.advance(lease.id, to: lease.position + rates[lease.id] * 1000, at: .milliseconds(2999))
        }
        #expect(planner.slow(at: .seconds(3)) == slow)
    }

    @Test func `fetches the rest of a silent lease a second time, once`() throws {
        var planner = running([1_000_000])
        #expect(planner.hedge(for: 0, silence: .seconds(1), at: .milliseconds(2900)) == nil)
        let rest = planner.leases[0].rest
        let leaseFound = planner.hedge(for: 0, silence: .seconds(1), at: .seconds(3))
        let lease = try #require(leaseFound)
        #expect(lease.rest == rest && lease.rival == 0)
        #expect(planner.leases[0].rest == rest, "the silent one may speak again")
        #expect(planner.hedge(for: 0, silence: .seconds(1), at: .seconds(3)) == nil)
        #expect(planner.steal(for: 0, expecting: 1e6, latency: .zero, at: .seconds(3)) == nil)
        // Whoever brings a good part of it ends the other, so that little comes twice.
        #expect(planner.advance(lease.id, to: rest.lowerBound + 65_535, at: .seconds(4)) == [])
        #expect(planner.advance(lease.id, to: rest.lowerBound + 65_536, at: .seconds(4)) == [0])
        #expect(planner[lease.id]?.rest == rest.lowerBound + 65_536..<rest.upperBound)
        #expect(planner.free.isEmpty)
    }

    @Test func `does not blame connections for a silence in which nobody looked`() throws {
        var planner = running([1_000_000])
        planner.excuseSilence(at: .seconds(60))
        #expect(planner.silent(at: .milliseconds(60_999), after: .seconds(1)) == [])
        #expect(planner.silent(at: .seconds(61), after: .seconds(1)) == [0])
    }

    @Test func `ends the silent one if a short rest is complete`() throws {
        var planner = running([1_000_000], length: 2_030_000)
        let found = planner.hedge(for: 0, silence: .seconds(1), at: .seconds(3))
        let lease = try #require(found)
        #expect(planner.advance(lease.id, to: 2_029_999, at: .seconds(4)) == [])
        #expect(planner.advance(lease.id, to: 2_030_000, at: .seconds(4)) == [0])
        #expect(planner.isDone)
    }

    @Test func `fetches a second time what a source has not answered for twice as long`() throws {
        var planner = planner(0..<10 * mega)
        let firstFound = planner.lease(of: 0, expecting: nil, among: 1, at: .zero)
        let first = try #require(firstFound)
        #expect(planner.hedge(for: 0, silence: .seconds(1), at: .milliseconds(1999)) == nil)
        #expect(planner.hedge(for: 0, silence: .seconds(1), at: .seconds(2))?.rest == first.rest)
    }

    @Test func `ends the second one if the silent one comes back and is faster`() throws {
        var planner = running([1_000_000])
        let rest = planner.leases[0].rest
        let leaseFound = planner.hedge(for: 0, silence: .seconds(1), at: .seconds(3))
        let lease = try #require(leaseFound)
        _ = planner.advance(lease.id, to: rest.lowerBound + 1000, at: .seconds(3))
        #expect(planner.advance(0, to: rest.lowerBound + 65_535, at: .seconds(4)) == [])
        #expect(planner.advance(0, to: rest.lowerBound + 65_536, at: .seconds(4)) == [lease.id])
        #expect(planner.free.isEmpty)
    }

    @Test func `lets the one that is behind end nobody`() throws {
        var planner = running([1_000_000])
        let rest = planner.leases[0].rest
        let found = planner.hedge(for: 0, silence: .seconds(1), at: .seconds(3))
        let lease = try #require(found)
        // What came at once, at first, is not new to the other one.
        #expect(planner.advance(0, to: rest.lowerBound + 60_000, at: .seconds(3)) == [])
        #expect(planner.advance(lease.id, to: rest.lowerBound + 59_000, at: .seconds(3)) == [])
        #expect(planner.advance(0, to: rest.lowerBound + 70_000, at: .seconds(3)) == [lease.id])
    }

    @Test func `goes on to the end of the file if the whole file comes`() {
        var planner = planner(0..<100 * mega)
        _ = planner.lease(of: 0, expecting: nil, among: 10, at: .zero)
        let isWanted = planner.extend(0, to: 100 * mega)
        #expect(isWanted && planner.leases[0].rest == 0..<100 * mega)
        #expect(planner.free.isEmpty)
        _ = planner.extend(0, to: 5)
        #expect(planner.leases[0].end == 100 * mega, "never less")
    }

    @Test func `takes one whole file from a source, and lets others have only what nobody else has`() throws {
        var planner = planner(0..<100 * mega)
        for source in [0, 0, 1] { _ = planner.lease(of: source, expecting: nil, among: 10, at: .zero) }
        let isFirstWanted = planner.extend(0, to: 100 * mega)
        // The same source brings the same bytes.
        let isSecondWanted = planner.extend(1, to: 100 * mega)
        #expect(isFirstWanted && !isSecondWanted)
        #expect(planner.leases[1].isCut)
        // Another source may bring them faster.
        for step in 1...10 {
            for lease in [0, 2] {
                let start = planner.leases[lease].start
                _ = planner.advance(lease, to: start + Int64(step) * 10_000, at: .seconds(step) / 10)
            }
        }
        let leased = planner.leases[2].rest
        let stolen = planner.steal(for: 1, expecting: 1e6, latency: .milliseconds(10), at: .seconds(1))
        let lease = try #require(stolen)
        #expect(lease.victim == 0 && lease.rest.upperBound <= leased.lowerBound)
    }

    // MARK: Properties

    /// Connections come and go, break off and fall silent, in any order: every byte is leased until it is there, none is leased twice
    /// without need, and the file is complete in the end.
    @Test(arguments: 0..<200)
    func `completes a file whatever happens`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let size = Int64(random.below(5_000_000) + 1)
        var missing = RangeSet(0..<size)
        for _ in 0..<random.below(5) {
            let start = Int64(random.below(Int(size)))
            missing.remove(contentsOf: start..<min(size, start + Int64(random.below(1_000_000))))
        }
        var sizes = LeaseSizes()
        (sizes.least, sizes.most) = (Int64(random.below(100_000) + 1), 1_000_000)
        (sizes.leastStolen, sizes.window) = (Int64(random.below(10_000) + 1), Int64(random.below(3_000_000) + 1))
        var planner = RangePlanner(missing: missing, sizes: sizes)
        var held = RangeSet(0..<size).subtracting(missing)
        var now = Duration.zero
        var steps = 0
        while !planner.isDone {
            steps += 1
            guard steps < 20_000 else {
                Issue.record("it does not end: \(planner.missing)")
                return
            }
            now += .milliseconds(random.below(400))
            let rate = random.below(3) == 0 ? nil : Double(random.below(1_000_000) + 1)
            switch random.below(planner.leases.count < 16 ? 6 : 4) {
            case 4, 5:
                let lease =
                    planner.lease(of: 0, expecting: rate, among: 1 + random.below(16), at: now)
                    ?? planner.steal(for: 0, expecting: rate, latency: .milliseconds(random.below(200)), at: now)
                    ?? planner.hedge(for: 0, silence: .seconds(1), at: now)
                if let lease { planner.answered(lease.id, at: now) }
            default:
                guard !planner.leases.isEmpty else { continue }
                let lease = planner.leases[random.below(planner.leases.count)]
                switch random.below(12) {
                case 0: planner.end(lease.id)
                case 1: planner.cut(lease.id)
                case 2:
                    for id in planner.slow(at: now) { planner.cut(id) }
                default:
                    // What is on the way may reach beyond the end.
                    let end = min(lease.position + Int64(random.below(60_000)), size)
                    held.insert(contentsOf: lease.position..<max(end, lease.position))
                    for id in planner.advance(lease.id, to: end, at: now) { planner.end(id) }
                    if let lease = planner[lease.id], lease.rest.isEmpty { planner.end(lease.id) }
                }
            }
            #expect(planner.missing == RangeSet(0..<size).subtracting(held))
            let alone = planner.leases.filter { $0.rival == nil }
            #expect(
                alone.reduce(0) { $0 + $1.rest.count }
                    == RangeSet(alone.map(\.rest)).ranges.reduce(0) { $0 + $1.count },
                "two leases of the same bytes")
        }
        #expect(held == RangeSet(0..<size))
    }
}
