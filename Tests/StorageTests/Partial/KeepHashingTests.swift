import Hashing
import Synchronization
import Testing

@testable import Storage

/// The task that keeps hashing beside writers and checks.
@Suite(.timeLimit(.minutes(10))) struct `A partial file keeps hashing` {
    /// Waits until the hash has come this far, or the test's time is over.
    private func reached(_ position: Int64, _ partial: PartialFile) async throws {
        while partial.hashedBytes != position {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    @Test(arguments: [0, 1, 3_000_000])
    func `until all is hashed, whoever hashed the last byte`(size: Int) async throws {
        let shop = try Workshop(size: size)
        let partial = try shop.open()
        async let hashed: Void = partial.keepHashing()
        try shop.fill(partial)
        try await hashed
        #expect(partial.hashedBytes == Int64(size))
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
    }

    @Test func `what came in any order`() async throws {
        let shop = try Workshop(size: 3_000_000)
        let partial = try shop.open()
        async let hashed: Void = partial.keepHashing()
        let writer = try partial.source(origin: "o", validator: "")
        try shop.write(writer, 1_000_000..<2_000_000)
        try shop.write(writer, 0..<500_000)
        try await reached(500_000, partial)
        // Hashed from memory up to here; the rest was there before and is read back.
        try shop.write(writer, 500_000..<1_000_000)
        try await reached(2_000_000, partial)
        try shop.write(writer, 2_000_000..<3_000_000)
        try await hashed
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
    }

    @Test func `and reads nothing that was hashed from memory`() async throws {
        let disk = FaultyDisk()
        let shop = try Workshop(size: 2_000_000, on: disk)
        let partial = try shop.open()
        // Nothing else hashes meanwhile: bytes that come while the hasher is in use are read back.
        try shop.fill(partial)
        try await partial.keepHashing()
        #expect(disk.events.count { $0.call == .read && $0.subject == shop.names.partial } == 0)
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
    }

    @Test func `what is checked`() async throws {
        let shop = try Workshop(size: 2_000_000)
        try shop.prepare([0..<2_000_000])
        let partial = try shop.open()
        async let hashed: Void = partial.keepHashing()
        // As by several tasks: the first one of two is the last to be done.
        let first = partial.state.withLock { $0.beginCheck() }
        try partial.checkAll()
        #expect(partial.hashedBytes == 0)
        partial.state.withLock { state in
            if let first { state.putBack(first) }
        }
        try partial.checkAll()
        try await hashed
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
    }

    @Test func `and starts over when bytes are discarded`() async throws {
        let shop = try Workshop(size: 2_000_000)
        let partial = try shop.open()
        let writer = try partial.source(origin: "o", validator: "")
        async let hashed: Void = partial.keepHashing()
        try partial.write(shop.bytes[..<1_500_000].map { ~$0 }, at: 0, from: writer)
        try await reached(1_500_000, partial)
        try partial.void(1_000_000..<1_200_000)
        // What is left of it is hashed again without a writer.
        try await reached(1_000_000, partial)
        try partial.void(0..<2_000_000)
        try await reached(0, partial)
        try shop.fill(partial)
        try await hashed
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
    }

    @Test func `until it is cancelled`() async throws {
        let shop = try Workshop(size: 1000)
        let partial = try shop.open()
        let task = Task { try await partial.keepHashing() }
        try shop.write(try partial.source(origin: "o", validator: ""), 0..<500)
        try await reached(500, partial)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        // Another one goes on.
        async let hashed: Void = partial.keepHashing()
        try shop.fill(partial)
        try await hashed
    }

    @Test func `until another program truncates the file`() async throws {
        let shop = try Workshop(size: 1000)
        let partial = try shop.open()
        let writer = try partial.source(origin: "o", validator: "")
        try shop.write(writer, 500..<1000)
        try shop.scratch.truncate(shop.names.partial, to: 600)
        async let hashed: Void = partial.keepHashing()
        try shop.write(writer, 0..<500)
        do {
            try await hashed
            Issue.record("it was hashed although bytes are gone")
        } catch let error as StorageError {
            #expect(error.code == .modifiedExternally)
        }
    }

    // MARK: Waiting

    private final class Flag: Sendable {
        let hasWoken = Atomic(false)
    }

    @Test func `after a signal that came before the wait`() async {
        let wakeUp = WakeUp()
        wakeUp.signal()
        wakeUp.signal()
        await wakeUp.wait()
        let flag = Flag()
        let waiting = Task {
            // Two signals count as one, so this waits for the next.
            await wakeUp.wait()
            flag.hasWoken.store(true, ordering: .releasing)
        }
        for _ in 0..<100 { await Task.yield() }
        let hasWoken = flag.hasWoken.load(ordering: .acquiring)
        #expect(!hasWoken)
        wakeUp.signal()
        await waiting.value
    }

    @Test func `not at all if the task is cancelled`() async {
        let wakeUp = WakeUp()
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            await wakeUp.wait()
        }
        task.cancel()
        await task.value
        let waiting = Task { await wakeUp.wait() }
        await Task.yield()
        waiting.cancel()
        await waiting.value
    }
}
