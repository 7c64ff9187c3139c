import Dispatch
import Hashing
import SeededRandom
import Synchronization
import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(10))) struct `Writers of one file` {
    /// A disk that calls a function once, at the next write or read of the partial file.
    private final class Interruption: Sendable {
        private let hook = Mutex<(@Sendable () throws -> Void)?>(nil)

        func disk(at call: FaultyDisk.Call = .write) -> FaultyDisk {
            FaultyDisk { [self] event, _, _ in
                guard event.call == call, event.subject == "weights.bin.partial" else { return nil }
                let once = hook.withLock { hook in
                    defer { hook = nil }
                    return hook
                }
                #expect(throws: Never.self) { try once?() }
                return nil
            }
        }

        func next(_ body: @escaping @Sendable () throws -> Void) { hook.withLock { $0 = body } }
    }

    @Test func `are told which bytes were missing`() throws {
        let shop = try Workshop(size: 1000)
        try shop.prepare([300..<400])
        let partial = try shop.open()
        let one = try partial.source(origin: "1", validator: "")
        let two = try partial.source(origin: "2", validator: "")
        #expect(try shop.write(one, 100..<200) == [100..<200])
        #expect(try shop.write(two, 0..<500) == [0..<100, 200..<300, 400..<500])
        #expect(try shop.write(one, 0..<500) == [])
        #expect(try shop.write(one, 500..<500) == [])
        try partial.checkAll()
        #expect(partial.heldBytes == 500)
    }

    @Test func `are told that others are writing the same bytes`() throws {
        let interruption = Interruption()
        let shop = try Workshop(size: 1000, on: interruption.disk())
        let partial = try shop.open()
        let one = try partial.source(origin: "1", validator: "")
        let two = try partial.source(origin: "2", validator: "")
        interruption.next {
            let accepted = try shop.write(two, 0..<300)
            #expect(accepted == [0..<100, 200..<300])
        }
        #expect(try shop.write(one, 100..<200) == [100..<200])
    }

    // MARK: Discarding

    @Test(arguments: [100..<101, 0..<150, 199..<300, 0..<1000])
    func `do not hold or record what was discarded while it was written`(discarded: Range<Int64>) throws {
        let interruption = Interruption()
        let shop = try Workshop(size: 1000, on: interruption.disk())
        let partial = try shop.open()
        let writer = try partial.source(origin: "o", validator: "")
        interruption.next {
            try partial.void(discarded)
            // Nobody else writes there before the first has finished.
            #expect(try shop.write(writer, 100..<200) == [])
        }
        #expect(try shop.write(writer, 100..<200) == [])
        #expect(partial.heldBytes == 0)
        try partial.flush()
        #expect(try shop.open().claimedBytes == 0)
        // Afterwards they are written as ever.
        #expect(try shop.write(writer, 0..<1000) == [0..<1000])
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
    }

    @Test func `hold what was written when other bytes were discarded`() throws {
        let interruption = Interruption()
        let shop = try Workshop(size: 1000, on: interruption.disk())
        let partial = try shop.open()
        let writer = try partial.source(origin: "o", validator: "")
        interruption.next {
            try partial.void(0..<100)
            try partial.void(200..<1000)
        }
        #expect(try shop.write(writer, 100..<200) == [100..<200])
        try partial.flush()
        #expect(try shop.open().claimedBytes == 100)
    }

    @Test func `have what they wrote recorded before bytes of it are discarded, and never after`() throws {
        let shop = try Workshop(size: 1000)
        let partial = try shop.open()
        let writers = try (0..<5).map { try partial.source(origin: "\($0)", validator: "") }
        for (index, writer) in writers.enumerated() { try shop.write(writer, index * 200..<index * 200 + 200) }
        try partial.void(300..<500)
        // The two that reach into it are in the journal, and void; the others are not recorded yet.
        #expect(try shop.open().claimedBytes == 0)
        try partial.flush()
        #expect(try shop.open().missing == [200..<600])
        #expect(partial.missing == [300..<500])
    }

    @Test func `hold nothing of a claim that is discarded while it is checked`() throws {
        let interruption = Interruption()
        let shop = try Workshop(size: 1000, on: interruption.disk(at: .read))
        try shop.scratch.write(shop.bytes, to: shop.names.partial)
        let partial = try shop.open()
        let writer = try partial.source(origin: "o", validator: "")
        interruption.next {
            try partial.void(100..<200)
            // Not before it is checked.
            #expect(try shop.write(writer, 0..<1000) == [])
        }
        #expect(try partial.checkAll() == [0..<1000])
        #expect(try shop.open().claimedBytes == 0)
        #expect(try shop.write(writer, 0..<1000) == [0..<1000])
    }

    @Test func `do not claim again what could not be read and was discarded meanwhile`() throws {
        let voided = Mutex<PartialFile?>(nil)
        let disk = FaultyDisk { event, _, _ in
            guard event.call == .read, event.subject == "weights.bin.partial" else { return nil }
            #expect(throws: Never.self) { try voided.withLock { $0 }?.void(100..<200) }
            return .fail(5)
        }
        let shop = try Workshop(size: 1000, on: disk)
        try shop.prepare([0..<500])
        let partial = try shop.open()
        voided.withLock { $0 = partial }
        #expect(throws: StorageError.self) { try partial.checkNext() }
        voided.withLock { $0 = nil }
        #expect(partial.claimedBytes == 0)
        #expect(try partial.checkNext() == nil)
    }

    // MARK: Ending

    @Test func `record what they wrote when they end`() throws {
        let shop = try Workshop(size: 1000)
        let partial = try shop.open()
        let writer = try partial.source(origin: "o", validator: "")
        try shop.write(writer, 0..<100)
        try writer.flush()
        #expect(try shop.open().claimedBytes == 100)
        try shop.write(writer, 100..<200)
        #expect(try shop.open().claimedBytes == 100)
        try writer.finish()
        #expect(try shop.open().claimedBytes == 200)
        #expect(partial.writers.count == 0)
        try writer.finish()
    }

    @Test func `are recorded by the next flush if they were abandoned`() throws {
        let shop = try Workshop(size: 1000)
        let partial = try shop.open()
        try shop.write(try partial.source(origin: "o", validator: ""), 0..<100)
        let alive = try partial.source(origin: "p", validator: "")
        #expect(try shop.open().claimedBytes == 0)
        #expect(partial.writers.count == 2)
        try partial.flush()
        #expect(try shop.open().claimedBytes == 100)
        #expect(partial.writers.count == 1)
        try shop.write(alive, 100..<200)
        try partial.flush()
        #expect(try shop.open().claimedBytes == 200)
    }

    @Test func `that were abandoned do not pile up`() throws {
        let shop = try Workshop(size: 10_000)
        let partial = try shop.open()
        for start in 0..<1000 {
            try shop.write(try partial.source(origin: "\(start % 3)", validator: ""), start * 10..<start * 10 + 10)
        }
        #expect(partial.writers.count <= OpenExtents.maximumCount)
        #expect(try shop.open().claimedBytes >= Int64(1000 - OpenExtents.maximumCount) * 10)
    }

    @Test func `are not forgotten when the journal is rewritten before their first record`() throws {
        let shop = try Workshop(size: 1000)
        let partial = try shop.open()
        let early = try partial.source(origin: "o", validator: "etag:1")
        let late = try partial.source(origin: "o", validator: "etag:2")
        // Records that say nothing any more.
        let junk = (0..<30_000).map { _ in JournalRecord.void(900..<901) }
        try partial.journal.append(junk)
        try partial.flush()
        #expect(try #require(shop.scratch.read(shop.names.journal)).count < 1000)
        try shop.write(early, 0..<100)
        try shop.write(late, 100..<200)
        try partial.flush()
        #expect(try shop.open().claimedBytes == 200)
    }

    // MARK: Several at once

    @Test(arguments: [1, 4, 16], 0..<4 as Range<UInt64>)
    func `accept every byte once`(count: Int, seed: UInt64) throws {
        let shop = try Workshop(size: 3_000_000)
        try shop.prepare([1_000_000..<1_500_000])
        let partial = try shop.open()
        let accepted = Mutex<[Range<Int64>]>([])
        DispatchQueue.concurrentPerform(iterations: count + 2) { worker in
            do {
                if worker >= count {
                    try partial.checkAll()
                    return
                }
                var random = SplitMix64(seed: seed &* 100 &+ UInt64(worker))
                let writer = try partial.source(origin: "\(worker)", validator: "")
                // All of them want everything, each from elsewhere.
                let first = random.below(30)
                for step in 0..<30 {
                    let start = (first + step) % 30 * 100_000
                    let parts = try shop.write(writer, start..<start + 100_000)
                    accepted.withLock { $0 += parts }
                }
                try writer.finish()
            } catch { Issue.record(error) }
        }
        let ranges = accepted.withLock { $0 }
        #expect(ranges.reduce(0) { $0 + $1.count } == RangeSet(ranges).byteCount)
        #expect(RangeSet(ranges).byteCount == 2_500_000)
        #expect(partial.isComplete)
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
        let again = try shop.open()
        #expect(again.claimedBytes == 3_000_000)
        #expect(try again.checkAll() == [])
    }
}
