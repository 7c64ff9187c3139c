import Testing
import Transfer

@testable import ModelFetch

@Suite(.timeLimit(.minutes(10))) struct `The pool of connections` {
    /// Two sources with one origin, and one with another.
    private func pool(cap: Int = 16, first: Int? = nil) throws -> ConnectionPool {
        let origins = try ["https://a/1", "https://a/2", "https://b/"].map { try HTTPURL(parsing: $0).origin }
        return ConnectionPool(origins: origins, cap: cap, first: first)
    }

    /// How many connections a file gets when it takes all that it can.
    private func takeAll(_ pool: ConnectionPool, _ source: Int = 0, for user: Int) -> Int {
        (0..<40).prefix { _ in pool.take(source, for: user) == .taken }.count
    }

    @Test(arguments: [(16, nil, 2), (1, nil, 1), (16, 4, 4), (16, 16, 4), (3, 16, 3), (0, nil, 1), (99, 99, 4)])
    func `begins with few, and not more than are allowed`(cap: Int, first: Int?, expected: Int) throws {
        let pool = try pool(cap: cap, first: first)
        let file = pool.enter(Signal())
        #expect(takeAll(pool, for: file) == expected)
        #expect(pool.knowledge(of: 0, at: .zero).active == expected)
    }

    @Test(arguments: [(19, 70_000_000, 1), (19, 60_000_000, 4), (20, 70_000_000, 4)])
    func `are looked at before a file gets a second one, if the origin is near`(latency: Int, rate: Int, limit: Int)
        throws
    {
        let pool = try pool(first: 4)
        let (file, other) = (pool.enter(Signal()), pool.enter(Signal()))
        #expect(pool.take(0, for: file) == .taken)
        let begun = Duration.milliseconds(latency)
        pool.answered(0, after: begun, at: begun)
        let isNear = latency < 20
        if isNear {
            #expect(pool.take(0, for: file) == .full)
            #expect(pool.take(0, for: other) == .taken, "another file need not wait")
            pool.giveBack(0, for: other, wasWorking: false)
            pool.received(rate / 1000 * 49, from: 0, at: begun + .milliseconds(49))
            #expect(pool.take(0, for: file) == .full)
        }
        pool.received(rate / 1000, from: 0, at: begun + .milliseconds(50))
        #expect(pool.knowledge(of: 0, at: begun + .milliseconds(50)).limit == limit)
        #expect(takeAll(pool, for: file) == limit - 1)
    }

    @Test func `counts by origin, over all files and sources`() throws {
        let pool = try pool()
        let (one, other) = (pool.enter(Signal()), pool.enter(Signal()))
        #expect(pool.take(0, for: one) == .taken)
        #expect(pool.take(1, for: other) == .taken)
        #expect(pool.take(1, for: one) == .full)
        #expect(pool.take(2, for: one) == .taken)
        pool.giveBack(1, for: other, wasWorking: false)
        pool.leave(other)
        #expect(pool.take(0, for: one) == .taken)
    }

    // MARK: Files

    @Test func `lets a file without a connection have one of the file that has the most`() async throws {
        let pool = try pool(first: 4)
        let signals = (0..<3).map { _ in Signal() }
        let (many, one, none) = (pool.enter(signals[0]), pool.enter(signals[1]), pool.enter(signals[2]))
        #expect(pool.take(0, for: one) == .taken)
        #expect(takeAll(pool, for: many) == 3)
        #expect(pool.takeYields(of: many) == [])
        #expect(pool.take(0, for: none) == .full)
        await signals[0].wait()
        // It asks again before the connection is free: that changes nothing.
        #expect(pool.take(0, for: none) == .full)
        #expect(pool.takeYields(of: many) == [[0, 1]])
        #expect(pool.take(0, for: none) == .full)
        #expect(pool.takeYields(of: many) == [])
        #expect(pool.takeYields(of: one) == [])
        pool.giveBack(0, for: many, wasWorking: false)
        await signals[2].wait()
        // The others have some already.
        #expect(pool.take(0, for: many) == .full)
        #expect(pool.take(0, for: one) == .full)
        #expect(pool.take(0, for: none) == .taken)
    }

    @Test func `takes nobody's only connection`() throws {
        let pool = try pool()
        let files = (0..<3).map { _ in pool.enter(Signal()) }
        #expect(pool.take(0, for: files[0]) == .taken)
        #expect(pool.take(0, for: files[1]) == .taken)
        #expect(pool.take(0, for: files[2]) == .full)
        #expect(files.allSatisfy { pool.takeYields(of: $0).isEmpty })
    }

    @Test func `lets several files without a connection have one each`() throws {
        let pool = try pool(first: 4)
        let files = (0..<3).map { _ in pool.enter(Signal()) }
        #expect(takeAll(pool, for: files[0]) == 4)
        for file in files { #expect(pool.take(0, for: file) == .full) }
        #expect(pool.takeYields(of: files[0]).count == 2)
        for _ in 0..<2 { pool.giveBack(0, for: files[0], wasWorking: false) }
        for file in files { #expect(pool.take(0, for: file) == (file == files[0] ? .full : .taken)) }
        // All have as many now, and this one has waited.
        pool.giveBack(0, for: files[0], wasWorking: false)
        #expect(pool.take(0, for: files[1]) == .full)
        #expect(pool.take(0, for: files[0]) == .taken)
    }

    @Test func `lets a file that waits come before the one that gives its connection back`() throws {
        let pool = try pool(cap: 1)
        let files = (0..<3).map { _ in pool.enter(Signal()) }
        #expect(pool.take(0, for: files[0]) == .taken)
        #expect(pool.take(0, for: files[2]) == .full)
        #expect(pool.take(0, for: files[1]) == .full)
        pool.giveBack(0, for: files[0], wasWorking: false)
        #expect(pool.take(0, for: files[0]) == .full)
        #expect(pool.take(0, for: files[1]) == .full)
        #expect(pool.take(0, for: files[2]) == .taken)
        pool.giveBack(0, for: files[2], wasWorking: false)
        #expect(pool.take(0, for: files[2]) == .full)
        #expect(pool.take(0, for: files[1]) == .taken)
    }

    /// A file that may not have a second connection yet keeps none from the others, and is not told to come and take it.
    @Test func `does not let a file wait behind one that must wait for the first look`() throws {
        let pool = try pool(first: 4)
        let signals = [Signal(), Signal()]
        let files = signals.map { pool.enter($0) }
        #expect(pool.take(0, for: files[0]) == .taken)
        pool.answered(0, after: .milliseconds(1), at: .milliseconds(1))
        #expect(pool.take(0, for: files[0]) == .full)
        #expect(pool.take(0, for: files[1]) == .taken)
        #expect(pool.take(0, for: files[1]) == .full)
        #expect(!signals[0].isNotified && !signals[1].isNotified)
    }

    /// For each connection that becomes free one file is woken, and none is left to wait beside a free one.
    @Test(.timeLimit(.minutes(1))) func `wakes as many files as there are free connections`() async throws {
        let pool = try pool(first: 4)
        let first = (0..<4).map { _ in pool.enter(Signal()) }
        for file in first { #expect(pool.take(0, for: file) == .taken) }
        let signals = (0..<3).map { _ in Signal() }
        let files = signals.map { pool.enter($0) }
        for file in files { #expect(pool.take(0, for: file) == .full) }
        pool.giveBack(0, for: first[0], wasWorking: false)
        await signals[0].wait()
        #expect(!signals[1].isNotified && !signals[2].isNotified)
        // The one that was woken has not come yet; the next is told when it has.
        pool.giveBack(0, for: first[1], wasWorking: false)
        await signals[1].wait()
        #expect(!signals[2].isNotified)
        #expect(pool.take(0, for: files[1]) == .taken)
        #expect(signals[0].isNotified)
        // It does not want one any more: the next in line may have it.
        pool.leave(files[0])
        await signals[2].wait()
        #expect(pool.take(0, for: files[2]) == .taken)
    }

    /// With as many small files as connections nobody waits for one, and yet all are wanted.
    @Test func `keeps trying more of them when every file has one`() throws {
        let pool = try pool(first: 4)
        let files = (0..<8).map { _ in pool.enter(Signal()) }
        var now = Duration.zero
        var has = Set<Int>()
        for _ in 0..<200 {
            now += .milliseconds(5)
            for file in files where !has.contains(file) && pool.take(0, for: file) == .taken {
                has.insert(file)
                pool.answered(0, after: .milliseconds(50), at: now)
            }
            // Each of them brings the same.
            pool.received(has.count * 10_000, from: 0, at: now)
        }
        #expect(has.count == 8)
        #expect(pool.knowledge(of: 0, at: now).limit >= 8)
    }

    @Test func `does not keep a connection for a file that wants none any more`() async throws {
        let pool = try pool()
        let signals = [Signal(), Signal()]
        let (one, other) = (pool.enter(signals[0]), pool.enter(signals[1]))
        #expect(takeAll(pool, for: one) == 2)
        #expect(pool.take(0, for: other) == .full)
        pool.giveBack(0, for: one, wasWorking: false)
        #expect(pool.take(0, for: one) == .full)
        pool.stopWaiting(other)
        await signals[0].wait()
        #expect(pool.take(0, for: one) == .taken)
    }

    // MARK: One more, and fewer

    @Test(arguments: [(16, 1), (3, 1), (2, 0)])
    func `gives one more than usual if a connection is silent, once, and never more than are allowed`(
        cap: Int, extra: Int
    ) throws {
        let pool = try pool(cap: cap)
        let file = pool.enter(Signal())
        #expect(takeAll(pool, for: file) == 2)
        #expect((0..<4).count { _ in pool.take(0, for: file, isExtra: true) == .taken } == extra)
    }

    @Test func `gives fewer when the origin refuses`() throws {
        let pool = try pool(first: 4)
        let file = pool.enter(Signal())
        #expect(takeAll(pool, for: file) == 4)
        for _ in 0..<3 { pool.answered(0, after: .milliseconds(20), at: .milliseconds(20)) }
        pool.refused(0, .limited, begun: .zero, at: .milliseconds(20))
        pool.giveBack(0, for: file, wasWorking: false)
        #expect(pool.knowledge(of: 1, at: .milliseconds(20)).limit == 3)
        #expect(pool.knowledge(of: 1, at: .milliseconds(20)).working == 3)
        #expect(pool.take(1, for: file) == .full)
        pool.giveBack(0, for: file, wasWorking: true)
        #expect(pool.knowledge(of: 0, at: .milliseconds(20)).working == 2)
        #expect(pool.take(1, for: file) == .taken)
    }

    /// More than four connections bring almost nothing.
    @Test func `cuts the surplus when the origin collapses, and nobody's only connection`() async throws {
        let pool = try pool(first: 4)
        let files = (0..<2).map { _ in pool.enter(Signal()) }
        var used = [0, 0]
        var most = 0
        var cuts = 0
        for step in 1...120 {
            let now = Duration.milliseconds(10 * step)
            for file in files where pool.take(0, for: file) == .taken {
                used[file] += 1
                pool.answered(0, after: .milliseconds(1), at: now)
            }
            let active = used[0] + used[1]
            most = max(most, active)
            pool.received(active > 4 ? 1000 : active * 10_000, from: 0, at: now)
            for file in files {
                for _ in pool.takeYields(of: file) {
                    #expect(used[file] > 1)
                    used[file] -= 1
                    cuts += 1
                    pool.giveBack(0, for: file, wasWorking: true)
                }
            }
        }
        #expect(most == 8)
        #expect(cuts == 4)
        #expect(used == [2, 2])
    }

    @Test func `calls a source crawling if a connection brings less than a tenth of the best`() throws {
        let pool = try pool()
        let file = pool.enter(Signal())
        for source in [0, 2] {
            #expect(pool.take(source, for: file) == .taken)
            pool.answered(source, after: .zero, at: .zero)
        }
        pool.received(1_000_000, from: 0, at: .seconds(1))
        pool.received(90_000, from: 2, at: .seconds(1))
        let best = try #require(pool.knowledge(of: 1, at: .seconds(1)).rate)
        #expect(pool.knowledge(of: 2, at: .seconds(1)).isCrawling(beside: best))
        #expect(!pool.knowledge(of: 0, at: .seconds(1)).isCrawling(beside: best))
        pool.received(20_000, from: 2, at: .seconds(1))
        #expect(!pool.knowledge(of: 2, at: .seconds(1)).isCrawling(beside: best))
    }
}
