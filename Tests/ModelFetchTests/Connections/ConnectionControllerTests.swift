import Foundation
import Testing

@testable import ModelFetch

@Suite struct `The number of connections` {
    /// A controller whose origin delivers at a rate that depends on the number of connections.
    private struct Bench {
        var controller: ConnectionController
        var now: Duration = .zero
        var bytes: Int64 = 0
        var changes: [ConnectionController.Change] = []

        init(cap: Int = 16) {
            controller = ConnectionController(cap: cap)
            controller.answered(after: .milliseconds(2))
        }

        /// Lets some time pass in which every connection delivers this many bytes in 10 ms.
        mutating func pass(
            _ time: Duration, each rate: Int64 = 10_000, paying: Int = 16, active: Int? = nil, wanted: Bool = true
        ) {
            let end = now + time
            while now < end {
                now += .milliseconds(10)
                let active = active ?? controller.limit
                bytes += rate * Int64(min(active, paying))
                if let change = controller.observe(now: now, bytes: bytes, active: active, wanted: wanted) {
                    changes.append(change)
                }
            }
        }

        mutating func refuse(
            _ kind: ConnectionController.Refusal, working: Int, begun: Duration? = nil
        ) -> ConnectionController.Change? {
            controller.refused(kind, begun: begun ?? now, working: working, at: now)
        }
    }

    @Test(arguments: [(-3, 1), (0, 1), (1, 1), (2, 2), (5, 5), (16, 16), (99, 16)])
    func `is clamped by the cap`(cap: Int, most: Int) {
        var bench = Bench(cap: cap)
        bench.pass(.seconds(3))
        #expect(bench.controller.limit == most)
    }

    @Test(arguments: [(0, 2), (1, 2), (3, 3), (4, 4), (9, 4)])
    func `begins with two, or with as many as begin at once, up to four`(files: Int, limit: Int) {
        var controller = ConnectionController()
        controller.begin(with: files, at: .zero)
        #expect(controller.limit == limit)
        var capped = ConnectionController(cap: 1)
        capped.begin(with: files, at: .zero)
        #expect(capped.limit == 1)
    }

    /// As in the slow start of TCP, at an origin 150 ms away.
    @Test(arguments: [100, 1000])
    func `is not raised while a high rate grows by itself`(full: Double) {
        var controller = ConnectionController()
        controller.answered(after: .milliseconds(300))
        var bytes = 0.0
        func pass(_ steps: ClosedRange<Int>) {
            for step in steps {
                // In MB/s, after a second in which it doubles every 150 ms.
                bytes += full * 10_000 * exp2(Double(min(step, 100) - 100) / 15)
                _ = controller.observe(
                    now: .milliseconds(10 * step), bytes: Int64(bytes), active: controller.limit, wanted: true)
            }
        }
        pass(1...100)
        #expect(controller.limit == 2)
        pass(101...200)
        #expect(controller.limit == 4)
    }

    @Test(arguments: [(0, 1, 4), (63e6, 1, 4), (64e6, 1, 1), (64e6, 2, 2), (64e6, 5, 2)] as [(Double, Int, Int)])
    func `is what works if a first look shows a fast network, and four otherwise`(
        rate: Double, working: Int, limit: Int
    ) {
        var controller = ConnectionController()
        controller.saw(rate, with: working, at: .zero)
        #expect(controller.limit == limit)
        var capped = ConnectionController(cap: 3)
        capped.saw(1, with: 1, at: .zero)
        #expect(capped.limit == 3)
    }

    @Test func `is not raised by files that begin later`() {
        var bench = Bench()
        bench.pass(.milliseconds(20))
        bench.controller.begin(with: 4, at: bench.now)
        #expect(bench.controller.limit == 2)
        #expect(bench.refuse(.limited, working: 1) == .lowered(cutsNow: false))
        bench.controller.begin(with: 4, at: bench.now)
        #expect(bench.controller.limit == 1)
    }

    @Test func `says nothing when nothing changes`() {
        var bench = Bench(cap: 2)
        bench.pass(.seconds(30))
        #expect(bench.changes.isEmpty)
    }

    @Test func `is not raised without work for more`() {
        var bench = Bench()
        bench.pass(.seconds(5), wanted: false)
        #expect(bench.controller.limit == 2)
        bench.pass(.seconds(1))
        #expect(bench.controller.limit == 16)
    }

    @Test func `is not raised while fewer are in use`() {
        var bench = Bench()
        bench.pass(.seconds(5), active: 1)
        #expect(bench.controller.limit == 2)
    }

    @Test func `is between what pays and what does not, if that pays`() {
        var bench = Bench()
        bench.pass(.seconds(9), paying: 10)
        #expect(bench.controller.limit == 12)
        // 16 and 14 were taken back, and 15 when more was tried again.
        #expect(bench.changes.count { $0 == .lowered(cutsNow: false) } == 3)
    }

    @Test func `is what works when the origin refuses more, for the rest of the run`() {
        var bench = Bench()
        bench.pass(.milliseconds(200))
        let begun = bench.now
        #expect(bench.controller.limit == 8)
        #expect(bench.refuse(.limited, working: 5, begun: begun) == .lowered(cutsNow: false))
        #expect(bench.controller.limit == 5)
        // The rest of the burst.
        bench.now += .milliseconds(1)
        for _ in 0..<3 { #expect(bench.refuse(.limited, working: 5, begun: begun) == nil) }
        bench.pass(.seconds(200))
        #expect(bench.controller.limit == 5)
    }

    @Test func `follows an origin that tolerates fewer later`() {
        var bench = Bench()
        bench.pass(.milliseconds(200))
        for (working, limit) in [(6, 6), (5, 5), (0, 1)] {
            bench.now += .milliseconds(100)
            _ = bench.refuse(.limited, working: working)
            #expect(bench.controller.limit == limit)
        }
    }

    @Test func `counts those that deliver only after the first refusal`() {
        var bench = Bench()
        bench.controller.begin(with: 4, at: .zero)
        _ = bench.refuse(.limited, working: 1)
        #expect(bench.controller.limit == 1)
        bench.pass(.milliseconds(100), active: 3)
        #expect(bench.controller.limit == 3)
        bench.pass(.seconds(100))
        #expect(bench.controller.limit == 3)
    }

    @Test func `is one when nothing works, and grows again`() {
        var bench = Bench()
        bench.pass(.seconds(1))
        _ = bench.refuse(.limited, working: 0)
        #expect(bench.controller.limit == 1)
        bench.pass(.seconds(5), each: 0)
        #expect(bench.controller.limit == 1)
        bench.pass(.seconds(1))
        #expect(bench.controller.limit == 16)
    }

    @Test func `recovers from a refusal of a number that had worked before`() {
        var bench = Bench()
        bench.pass(.seconds(5))
        _ = bench.refuse(.limited, working: 12)
        #expect(bench.controller.limit == 12)
        bench.pass(.milliseconds(1500))
        #expect(bench.controller.limit == 12)
        bench.pass(.seconds(3))
        #expect(bench.controller.limit == 16)
    }

    @Test func `is halved once by a burst of broken connections, and grows again after a second`() {
        var bench = Bench()
        bench.pass(.seconds(2))
        let begun = bench.now
        bench.now += .milliseconds(500)
        #expect(bench.refuse(.broken, working: 15, begun: begun) == .lowered(cutsNow: false))
        for working in 0..<10 { #expect(bench.refuse(.broken, working: working, begun: begun) == nil) }
        #expect(bench.controller.limit == 8)
        bench.pass(.milliseconds(900))
        #expect(bench.controller.limit == 8)
        bench.pass(.seconds(1))
        #expect(bench.controller.limit == 16)
    }

    @Test func `is restored if half as many break as well`() {
        var bench = Bench()
        bench.pass(.seconds(2))
        _ = bench.refuse(.broken, working: 15)
        bench.pass(.milliseconds(100))
        #expect(bench.refuse(.broken, working: 7) == .raised)
        #expect(bench.controller.limit == 16)
        #expect(bench.refuse(.broken, working: 15) == nil)
        bench.pass(.seconds(61))
        #expect(bench.refuse(.broken, working: 15) == .lowered(cutsNow: false))
    }

    @Test func `stays if twice as many break but deliver more all the same`() {
        var bench = Bench()
        bench.pass(.seconds(2))
        _ = bench.refuse(.broken, working: 15)
        bench.pass(.seconds(4))
        #expect(bench.controller.limit == 16)
        #expect(bench.refuse(.broken, working: 15) == nil)
    }

    @Test func `is one less for every slow connection, and tried again half a minute later`() {
        var bench = Bench()
        bench.pass(.seconds(2))
        for limit in [15, 14] {
            #expect(bench.controller.wasSlow(at: bench.now) == .lowered(cutsNow: false))
            #expect(bench.controller.limit == limit)
        }
        bench.pass(.seconds(28))
        #expect(bench.controller.limit == 14)
        bench.pass(.seconds(5))
        #expect(bench.controller.limit == 16)
        // Longer next time.
        _ = bench.controller.wasSlow(at: bench.now)
        bench.pass(.seconds(55))
        #expect(bench.controller.limit == 15)
    }

    @Test func `is never less than one`() {
        var bench = Bench(cap: 2)
        for _ in 0..<4 { _ = bench.controller.wasSlow(at: bench.now) }
        bench.now += .seconds(1)
        _ = bench.refuse(.broken, working: 0)
        #expect(bench.controller.limit == 1)
    }

    @Test func `is halved when all together become slower than fewer were, and the surplus is cut`() {
        var bench = Bench()
        bench.pass(.seconds(3))
        bench.changes = []
        bench.pass(.milliseconds(1200), each: 500)
        #expect(bench.changes == [.lowered(cutsNow: true)])
        #expect(bench.controller.limit == 8)
        // It was not their number.
        bench.pass(.seconds(3), each: 500)
        #expect(bench.controller.limit == 8)
    }

    @Test func `is not halved when nothing comes, or little at the end`() {
        var bench = Bench()
        bench.pass(.seconds(3))
        bench.pass(.seconds(10), each: 0)
        bench.pass(.milliseconds(300))
        bench.pass(.seconds(3), active: 2, wanted: false)
        bench.pass(.seconds(3), active: 2)
        #expect(bench.controller.limit == 16)
    }
}
