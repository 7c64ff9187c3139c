import Testing

@testable import ModelFetch

/// The controller against servers and links of all kinds. The times are those of the simulated clock.
@Suite struct `Connections to a simulated origin` {
    struct Scenario: Sendable, CustomTestStringConvertible {
        let name: String
        var origin: SimulatedOrigin
        let megabytes: Double
        /// The time that the best fixed number of connections would need from the first moment.
        let ideal: Double
        /// The most that the download may take, as a multiple of that.
        let factor: Double
        /// What the number must be at the end.
        let settles: ClosedRange<Int>
        var changes = 12
        var refusals = 0
        var begin = 4

        init(
            _ name: String, _ megabytes: Double, ideal: Double, _ factor: Double, settles: ClosedRange<Int>,
            changes: Int = 12, refusals: Int = 0, begin: Int = 4, _ set: (inout SimulatedOrigin) -> Void
        ) {
            var origin = SimulatedOrigin()
            set(&origin)
            (self.name, self.origin, self.megabytes, self.ideal, self.factor) = (name, origin, megabytes, ideal, factor)
            (self.settles, self.changes, self.refusals, self.begin) = (settles, changes, refusals, begin)
        }

        var testDescription: String { name }
    }

    static let scenarios: [Scenario] = [
        Scenario("1.5 MB/s for each", 120, ideal: 5, 1.04, settles: 16...16, changes: 3) { $0.perConnection = 1.5e6 },
        Scenario("the same, begun with one", 120, ideal: 5, 1.05, settles: 16...16, changes: 4, begin: 1) {
            $0.perConnection = 1.5e6
        },
        Scenario("the same, 50 ms away", 120, ideal: 5, 1.11, settles: 16...16, changes: 3) {
            ($0.perConnection, $0.roundTrip) = (1.5e6, .milliseconds(50))
        },
        Scenario("100 Mbit/s, 150 ms away", 100, ideal: 8, 1.13, settles: 4...16) {
            ($0.total, $0.roundTrip) = (12.5e6, .milliseconds(150))
        },
        // One connection fills the link: more are of no use.
        Scenario("loopback", 500, ideal: 0.5, 1.03, settles: 2...2, changes: 3, begin: 1) {
            ($0.total, $0.noise, $0.roundTrip) = (1e9, 0.2, .microseconds(500))
        },
        Scenario("a shared bottleneck", 500, ideal: 40, 1.01, settles: 4...5, changes: 13) {
            ($0.total, $0.noise, $0.noiseTicks, $0.roundTrip) = (12.5e6, 0.2, 5, .milliseconds(20))
        },
        Scenario("a bottleneck whose rate wavers", 500, ideal: 40, 1.02, settles: 2...4, changes: 13, begin: 1) {
            ($0.total, $0.noise, $0.noiseTicks, $0.roundTrip) = (12.5e6, 0.2, 12, .milliseconds(20))
        },
        Scenario("a bottleneck that six fill", 180, ideal: 10, 1.06, settles: 6...8) {
            ($0.perConnection, $0.total) = (3e6, 18e6)
        },
        Scenario("429 beyond 4", 40, ideal: 3.34, 1.05, settles: 4...4, refusals: 4) {
            ($0.perConnection, $0.accepted) = (3e6, 4)
        },
        Scenario("429 beyond 4, begun with one", 40, ideal: 3.34, 1.05, settles: 4...4, refusals: 4, begin: 1) {
            ($0.perConnection, $0.accepted) = (3e6, 4)
        },
        Scenario("429 beyond 4, 150 ms away", 40, ideal: 3.34, 1.4, settles: 4...4, refusals: 4) {
            ($0.perConnection, $0.accepted, $0.roundTrip) = (3e6, 4, .milliseconds(150))
        },
        Scenario("429 beyond 1", 20, ideal: 6.67, 1.02, settles: 1...1, refusals: 3) {
            ($0.perConnection, $0.accepted) = (3e6, 1)
        },
        Scenario("429 beyond 7", 40, ideal: 1.9, 1.1, settles: 7...7, refusals: 1) {
            ($0.perConnection, $0.accepted) = (3e6, 7)
        },
        Scenario("those beyond 6 crawl", 180, ideal: 10, 1.1, settles: 6...8) {
            ($0.perConnection, $0.uncrawling) = (3e6, 6)
        },
        Scenario("collapse beyond 8", 480, ideal: 20, 1.03, settles: 8...8, changes: 4) {
            ($0.perConnection, $0.bearable) = (3e6, 8)
        },
        Scenario("collapse beyond 8 after 40 s", 1200, ideal: 50, 1.04, settles: 8...8, changes: 8) {
            ($0.perConnection, $0.bearable) = (3e6, 8)
        },
        Scenario("one slow connection", 120, ideal: 5, 1.12, settles: 15...15, changes: 4) {
            ($0.perConnection, $0.isFirstSlow) = (1.5e6, true)
        },
        Scenario("every third is reset", 240, ideal: 10, 1.15, settles: 16...16, changes: 7) {
            ($0.perConnection, $0.resetEvery) = (1.5e6, 3)
        },
        Scenario("5 s without a network", 240, ideal: 15, 1.06, settles: 16...16, changes: 10) {
            ($0.perConnection, $0.outage) = (1.5e6, .seconds(4) ..< .seconds(9))
        },
        Scenario("a link that becomes slower", 400, ideal: 28, 1.05, settles: 1...16) {
            ($0.perConnection, $0.total, $0.later) = (1.5e6, 48e6, (.seconds(10), 10e6))
        },
        Scenario("a link that becomes faster", 400, ideal: 18.6, 1.8, settles: 16...16) {
            ($0.perConnection, $0.total, $0.later) = (1.5e6, 5e6, (.seconds(2), 48e6))
        },
    ]

    @Test(arguments: scenarios)
    func `are as many as are worth it`(scenario: Scenario) {
        var run = ControllerRun(scenario.origin, begin: scenario.begin)
        run.run(scenario.megabytes * 1e6)
        let history = run.changes.map { "\($0.limit) at \($0.at)" }.joined(separator: ", ")
        #expect(run.violations == [], "\(history)")
        #expect(run.seconds <= scenario.ideal * scenario.factor, "\(run.seconds / scenario.ideal): \(history)")
        #expect(scenario.settles.contains(run.limit), "\(history)")
        #expect(run.changes.count <= scenario.changes, "\(history)")
        #expect(run.refusals <= scenario.refusals)
    }

    @Test func `are 16 within 1.2 s if the link is 150 ms long`() throws {
        var origin = SimulatedOrigin()
        origin.roundTrip = .milliseconds(150)
        origin.total = 12.5e6
        var run = ControllerRun(origin)
        run.run(50e6)
        #expect(try #require(run.reached(16)) <= .milliseconds(1200))
    }

    @Test func `are at most 8 within half a second if more collapse, and the surplus is cut`() {
        var origin = SimulatedOrigin()
        origin.perConnection = 3e6
        origin.bearable = 8
        var run = ControllerRun(origin)
        run.run(.infinity, until: .milliseconds(500))
        #expect(run.limit == 8)
        #expect(run.inUse == 8)
    }

    @Test(arguments: [0, 20, 40, 60] as [UInt64])
    func `are never more than allowed or tolerated, whatever the origin does`(first: UInt64) {
        for seed in first..<first + 20 {
            let origin = SimulatedOrigin(seed: seed)
            var run = ControllerRun(origin, cap: 1 + Int(seed * 7 % 16), begin: 1 + Int(seed % 5), seed: seed)
            run.run(.infinity, until: .seconds(8))
            #expect(run.violations == [], "seed \(seed): \(origin)")
            #expect(run.refusals <= 10, "seed \(seed): \(origin)")
            #expect(run.changes.count <= 20, "seed \(seed): \(origin)")
        }
    }
}
