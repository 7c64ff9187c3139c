import Dispatch
import Hashing
import SeededRandom
import Synchronization
import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(10))) struct `A partial file` {
    @Test func `written from beginning to end is verified`() throws {
        let shop = try Workshop(size: 1_000_000, path: "deep/down/weights.bin")
        let partial = try shop.open()
        #expect(partial.missing == [0..<1_000_000])
        #expect(!partial.isComplete)
        try shop.fill(partial)
        #expect(partial.heldBytes == 1_000_000)
        #expect(partial.hashedBytes == 1_000_000)
        #expect(partial.isComplete)
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
        #expect(shop.scratch.read("deep/down/weights.bin.partial") == shop.bytes)
        #expect(shop.scratch.names().contains(".modelfetch/deep%2Fdown%2Fweights.bin.journal"))
        #expect(!shop.scratch.exists("deep/down/weights.bin"))
    }

    @Test(arguments: [("a", "a.partial", "a.journal"), ("a/b%/c", "a/b%/c.partial", "a%2Fb%25%2Fc.journal")])
    func `and its journal have names that nothing else has`(path: String, partial: String, journal: String) {
        let names = PartialNames(path: path)
        #expect(names.final == path)
        #expect(names.partial == partial)
        #expect(names.journal == ".modelfetch/" + journal)
        let own = PartialNames(path: path, tag: "01234567")
        #expect(own.partial == ".modelfetch/" + journal.dropLast(8) + "%~01234567.partial")
        #expect(own.journal == ".modelfetch/" + journal.dropLast(8) + "%~01234567.journal")
    }

    @Test func `of no bytes is complete at once`() throws {
        let shop = try Workshop(size: 0)
        let partial = try shop.open()
        try partial.reserve()
        #expect(partial.isComplete)
        #expect(partial.firstGap() == nil)
        #expect(try partial.checkNext() == nil)
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
    }

    @Test(arguments: 0..<12)
    func `has the same digest whatever the order of its pieces`(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let shop = try Workshop(size: 700_000)
        let partial = try shop.open()
        var cuts = [0, shop.bytes.count]
        for _ in 0..<40 { cuts.append(Int.random(in: 0..<shop.bytes.count, using: &generator)) }
        cuts.sort()
        for (start, end) in zip(cuts, cuts.dropFirst()).shuffled(using: &generator) {
            let source = try partial.source(origin: "o\(start % 3)", validator: "")
            try partial.write(shop.bytes[start..<end], at: start, from: source)
            if Bool.random(using: &generator) { _ = try partial.catchUp() }
            if Int.random(in: 0..<8, using: &generator) == 0 { try partial.flush() }
        }
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
        #expect(shop.scratch.read(shop.names.partial) == shop.bytes)
        // What was recorded on the way is what is there.
        let again = try shop.open()
        #expect(again.claimedBytes == 700_000)
        #expect(try again.checkAll() == [])
    }

    @Test func `takes several writers and a checker at once`() throws {
        let shop = try Workshop(size: 6_000_000)
        try shop.prepare([0..<500_000, 2_000_000..<3_000_000])
        try shop.scratch.overwrite(shop.names.partial, at: 2_500_000, with: [0, 0, 0, 0])
        let partial = try shop.open()
        let missing = partial.missing
        let lost = Mutex<[Range<Int64>]>([])
        DispatchQueue.concurrentPerform(iterations: 4) { worker in
            do {
                if worker == 0 {
                    let found = try partial.checkAll()
                    lost.withLock { $0 = found }
                    return
                }
                let source = try partial.source(origin: "mirror \(worker)", validator: "")
                for gap in missing {
                    let pieces = stride(from: Int(gap.lowerBound), to: Int(gap.upperBound), by: 70_000)
                    for (index, start) in pieces.enumerated() where index % 3 == worker - 1 {
                        let end = min(start + 70_000, Int(gap.upperBound))
                        try partial.write(shop.bytes[start..<end], at: start, from: source)
                    }
                    try partial.flush()
                }
            } catch { Issue.record(error) }
        }
        #expect(lost.withLock { $0 }.map { $0.contains(2_500_000) } == [true])
        #expect(partial.missing == lost.withLock { $0 })
        try shop.fill(partial)
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
        #expect(shop.scratch.read(shop.names.partial) == shop.bytes)
        let again = try shop.open()
        #expect(again.claimedBytes == 6_000_000)
        #expect(try again.checkAll() == [])
    }

    @Test(arguments: [1, 100_000, 262_143, 262_144, 2_000_000, 4_000_001])
    func `records the end of a long write, too`(beyond: Int) throws {
        // A write is recorded in pieces of 1.75 MiB.
        let shop = try Workshop(size: (7 << 18) + beyond)
        let partial = try shop.open()
        let source = try partial.source(origin: "o", validator: "")
        try partial.write(shop.bytes, at: 0, from: source)
        try partial.flush()
        #expect(try shop.open().claimedBytes == Int64(shop.bytes.count))
    }

    // MARK: What is there is not written over

    @Test func `does not write over bytes that are there`() throws {
        let shop = try Workshop(size: 1000)
        let partial = try shop.open()
        let source = try partial.source(origin: "o", validator: "")
        try partial.write(shop.bytes[200..<400], at: 200, from: source)
        try partial.write(shop.bytes[0..<100], at: 0, from: source)
        // Right outside, wrong where something is: as from a source that answers with the whole file.
        var other = shop.bytes
        for index in 200..<400 { other[index] ^= 1 }
        for index in 0..<100 { other[index] ^= 1 }
        try partial.write(other, at: 0, from: source)
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
        #expect(shop.scratch.read(shop.names.partial) == shop.bytes)
    }

    @Test func `does not write over claims before they are checked`() throws {
        let shop = try Workshop(size: 1000)
        try shop.prepare([300..<600])
        let partial = try shop.open()
        let source = try partial.source(origin: "o", validator: "")
        try partial.write([UInt8](repeating: 7, count: 300), at: 300, from: source)
        #expect(try partial.checkAll() == [])
        try shop.fill(partial)
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
    }

    @Test func `lets the first of two writers of the same bytes have them`() throws {
        let second = Mutex<(@Sendable () -> Void)?>(nil)
        let disk = FaultyDisk { event, _, _ in
            guard event.call == .write, event.subject == "weights.bin.partial" else { return nil }
            // Once, between the first writer's begin and its write.
            second.withLock { swap in
                defer { swap = nil }
                return swap
            }?()
            return nil
        }
        let shop = try Workshop(size: 1000, on: disk)
        let partial = try shop.open()
        let source = try partial.source(origin: "o", validator: "")
        second.withLock { hook in
            hook = {
                #expect(throws: Never.self) {
                    try partial.write([UInt8](repeating: 7, count: 500), at: 0, from: source)
                }
            }
        }
        try partial.write(shop.bytes[0..<500], at: 0, from: source)
        #expect(partial.heldBytes == 500)
        #expect(shop.scratch.read(shop.names.partial)?[..<500] == shop.bytes[..<500])
        // The second's bytes, had they been hashed before the first's were written, would make the digest wrong here.
        try shop.fill(partial)
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
    }

    @Test func `does not bring back what was voided while it was checked`() throws {
        let hook = Mutex<(@Sendable () -> Void)?>(nil)
        let disk = FaultyDisk { event, _, _ in
            if event.call == .read, event.subject == "weights.bin.partial" { hook.withLock { $0 }?() }
            return nil
        }
        let shop = try Workshop(size: 1000, on: disk)
        try shop.prepare([0..<1000])
        let partial = try shop.open()
        hook.withLock { hook in
            hook = { #expect(throws: Never.self) { try partial.void(100..<200) } }
        }
        #expect(try partial.checkAll() == [0..<1000])
        hook.withLock { $0 = nil }
        #expect(partial.heldBytes == 0)
        #expect(partial.hashedBytes == 0)
        #expect(partial.missing == [0..<1000])
        #expect(try shop.open().claimedBytes == 0)
    }

    // MARK: The journal

    @Test func `records when 256 KiB are written and when it is told to`() throws {
        let shop = try Workshop(size: 3_000_000)
        let due = Int(OpenExtent.recordBytes)
        let partial = try shop.open()
        let source = try partial.source(origin: "o", validator: "")
        try partial.write(shop.bytes[..<(due - 1)], at: 0, from: source)
        #expect(try shop.open().claimedBytes == 0)
        try partial.write(shop.bytes[(due - 1)..<due], at: due - 1, from: source)
        #expect(try shop.open().claimedBytes == Int64(due))
        try partial.write(shop.bytes[due..<due + 10], at: due, from: source)
        try partial.flush()
        #expect(try shop.open().claimedBytes == Int64(due) + 10)
        try partial.write(shop.bytes[(due + 10)...], at: due + 10, from: source)
        #expect(try shop.open().claimedBytes == 3_000_000)
    }

    @Test(arguments: [1000, 65_536, 300_000, 1 << 20, 5 << 20])
    func `killed at any moment loses at most 256 KiB and the last write`(step: Int) throws {
        let shop = try Workshop(size: 12 << 20)
        let written = min(40 * step, shop.bytes.count)
        do {
            let partial = try shop.open()
            let source = try partial.source(origin: "o", validator: "")
            for start in stride(from: 0, to: written, by: step) {
                let end = min(start + step, written)
                try partial.write(shop.bytes[start..<end], at: start, from: source)
            }
        }
        let partial = try shop.open()
        #expect(try partial.checkAll() == [])
        #expect(partial.heldBytes >= Int64(written - step) - OpenExtent.recordBytes)
        #expect(partial.hashedBytes == partial.heldBytes)
    }

    @Test func `written here and there keeps few extents unrecorded`() throws {
        let shop = try Workshop(size: 100_000)
        let partial = try shop.open()
        let source = try partial.source(origin: "o", validator: "")
        for start in stride(from: 0, to: 100_000, by: 10) {
            try partial.write(shop.bytes[start..<start + 5], at: start, from: source)
        }
        #expect(try shop.open().claimedBytes >= Int64(10_000 - 1) * 5)
    }

    @Test func `reserves the disk and keeps its size`() throws {
        let shop = try Workshop(size: 4 << 20)
        let partial = try shop.open()
        try partial.reserve()
        #expect(shop.scratch.read(shop.names.partial) == [])
        // Nothing reserved is mistaken for something found.
        try shop.scratch.remove(shop.names.journal)
        #expect(try shop.open().claimedBytes == 0)
    }

    @Test(arguments: [(Int32(28), true), (122, true), (95, false), (22, false), (4, false)])
    func `fails to reserve space only if there is none`(code: Int32, isFatal: Bool) throws {
        let shop = try Workshop(
            size: 1000, on: FaultyDisk { event, _, _ in event.call == .preallocate ? .fail(code) : nil })
        let partial = try shop.open()
        #expect(try storageCode { try partial.reserve() } == (isFatal ? .noSpace : nil))
    }

    @Test func `asks for writeback of what two connections wrote in turns`() throws {
        let disk = FaultyDisk()
        let shop = try Workshop(size: 20 << 20, on: disk)
        let partial = try shop.open()
        let source = try partial.source(origin: "o", validator: "")
        let half = 10 << 20
        for start in stride(from: 0, to: half, by: 1 << 20) {
            try partial.write(shop.bytes[start..<start + (1 << 20)], at: start, from: source)
            try partial.write(shop.bytes[half + start..<half + start + (1 << 20)], at: half + start, from: source)
        }
        #expect(disk.events.count { $0.call == .startWriteback } == 2)
    }
}
