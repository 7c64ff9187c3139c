import Testing
import Threads

@Suite(.timeLimit(.minutes(1))) struct `A lock` {
    @Test func `lets one thread at a time use the value`() throws {
        let counter = Counter()
        let threads = try (0..<8).map { _ in
            try #require(SystemThread { for _ in 0..<10_000 { counter.add() } })
        }
        for thread in threads { thread.join() }
        #expect(counter.count == 80_000)
    }

    @Test func `is not waited for if that is not wanted`() {
        let lock = Lock(1)
        #expect(lock.withLockIfAvailable { $0 += 1 } != nil)
        lock.withLock { value in
            #expect(value == 2)
            let other = SystemThread { #expect(lock.withLockIfAvailable { _ in } == nil) }
            other?.join()
        }
        #expect(lock.withLockIfAvailable { $0 } == 2)
    }

    @Test func `is free again after an error, and passes it on`() {
        let lock = Lock(0)
        #expect(throws: Refused.self) {
            try lock.withLock { (value) throws(Refused) in
                value = 1
                throw Refused()
            }
        }
        #expect(throws: Refused.self) {
            try lock.withLockIfAvailable { (_) throws(Refused) in throw Refused() }
        }
        #expect(lock.withLock { $0 } == 1)
    }

    @Test func `releases its value`() {
        weak var value: Counter?
        do {
            let lock = Lock(Counter())
            value = lock.withLock { $0 }
            #expect(value != nil)
        }
        #expect(value == nil)
    }

    private struct Refused: Error {}

    private final class Counter: Sendable {
        private let value = Lock(0)

        var count: Int { value.withLock { $0 } }

        func add() { value.withLock { $0 += 1 } }
    }
}
