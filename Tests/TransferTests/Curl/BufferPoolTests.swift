import Synchronization
import Testing

@testable import Transfer

@Suite struct `The buffer pool` {
    private final class Count: Sendable {
        let value = Mutex(0)
        func add() { value.withLock { $0 += 1 } }
        var now: Int { value.withLock { $0 } }
    }

    private func pool(large: Int, small: Int) -> BufferPool {
        BufferPool(.init(large: (large, 8192), small: (small, 4096)))
    }

    @Test func `the buffer pool has 16 MiB`() {
        let sizes = BufferPool.Sizes()
        #expect(sizes.large.count * sizes.large.bytes + sizes.small.count * sizes.small.bytes == 16 << 20)
    }

    @Test func `buffers are reused`() throws {
        let pool = pool(large: 2, small: 1)
        pool.join(1) {}
        for _ in 0..<10 { pool.giveBack(try #require(pool.take(for: 1)), from: 1) }
        #expect(pool.usage == (8192, 0))
    }

    @Test func `each transfer without a buffer gets one`() throws {
        let pool = pool(large: 2, small: 2)
        for owner in 1...3 as ClosedRange<UInt64> { pool.join(owner) {} }
        var taken: [(UInt64, UnsafeMutableRawBufferPointer)] = []
        for owner in [1, 1, 2, 3] as [UInt64] { taken.append((owner, try #require(pool.take(for: owner)))) }
        #expect(taken.map(\.1.count) == [8192, 8192, 4096, 4096])
        for owner in 1...3 as ClosedRange<UInt64> { #expect(pool.take(for: owner) == nil) }
        for (owner, memory) in taken { pool.giveBack(memory, from: owner) }
        #expect(pool.usage == (2 * 8192 + 2 * 4096, 0))
    }

    @Test func `a transfer that was refused its first buffer is served first`() throws {
        let pool = pool(large: 2, small: 0)
        pool.join(1) {}
        pool.join(2) {}
        let memory = try #require(pool.take(for: 1))
        let other = try #require(pool.take(for: 1))
        #expect(pool.take(for: 2) == nil)
        pool.giveBack(memory, from: 1)
        #expect(pool.take(for: 1) == nil)
        pool.giveBack(try #require(pool.take(for: 2)), from: 2)
        pool.giveBack(try #require(pool.take(for: 1)), from: 1)
        pool.giveBack(other, from: 1)
        #expect(pool.usage.inUse == 0)
    }

    @Test func `returning a buffer wakes once, and only the transfers that were refused one`() throws {
        let (wakes, others) = (Count(), Count())
        let pool = pool(large: 1, small: 0)
        pool.join(1) { others.add() }
        pool.join(2) { wakes.add() }
        let memory = try #require(pool.take(for: 1))
        #expect(pool.take(for: 2) == nil)
        #expect(wakes.now == 0)
        pool.giveBack(memory, from: 1)
        #expect(wakes.now == 1)
        pool.giveBack(try #require(pool.take(for: 2)), from: 2)
        #expect(wakes.now == 1)
        #expect(others.now == 0)
    }

    @Test func `the end of a transfer that was refused its first buffer wakes the others`() throws {
        let wakes = Count()
        let pool = pool(large: 2, small: 0)
        for owner in 1...3 as ClosedRange<UInt64> { pool.join(owner) { wakes.add() } }
        let taken = [try #require(pool.take(for: 1)), try #require(pool.take(for: 1))]
        #expect(pool.take(for: 2) == nil)
        pool.giveBack(taken[0], from: 1)
        #expect(wakes.now == 1)
        // The one that is free is kept for transfer 2.
        #expect(pool.take(for: 1) == nil)
        pool.leave(2)
        #expect(wakes.now == 2)
        pool.giveBack(try #require(pool.take(for: 1)), from: 1)
        pool.giveBack(taken[1], from: 1)
    }
}
