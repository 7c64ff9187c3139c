import Foundation
import Hashing
import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(10))) struct `A partial file of an earlier run` {
    private let size = 2_000_000

    @Test func `resumes where it was`() throws {
        let shop = try Workshop(size: size)
        try shop.prepare([0..<600_000, 1_000_000..<1_500_000])
        let partial = try shop.open()
        #expect(partial.heldBytes == 0)
        #expect(partial.claimedBytes == 1_100_000)
        #expect(partial.missing == [600_000..<1_000_000, 1_500_000..<2_000_000])
        #expect(try partial.checkAll() == [])
        #expect(partial.claimedBytes == 0)
        #expect(partial.heldBytes == 1_100_000)
        #expect(partial.hashedBytes == 600_000)
        try shop.fill(partial)
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
    }

    enum Damage: String, CaseIterable { case flip, zero, hole, cut, removed, swapped }

    @Test(arguments: Damage.allCases)
    func `discards exactly the extents that differ from what was written`(damage: Damage) throws {
        let shop = try Workshop(size: size)
        // Four records of 256 KiB, and a short one.
        try shop.prepare([0..<1_048_576, 1_500_000..<1_600_000])
        let name = shop.names.partial
        let record: Int64 = 262_144
        var expected = [record..<2 * record]
        switch damage {
        case .flip: try shop.scratch.overwrite(name, at: record + 5, with: [shop.bytes[Int(record) + 5] ^ 1])
        case .zero: try shop.scratch.overwrite(name, at: 2 * record - 1, with: [shop.bytes[Int(2 * record) - 1] ^ 255])
        case .hole:
            try shop.scratch.overwrite(name, at: record, with: [UInt8](repeating: 0, count: Int(record)))
        case .cut:
            try shop.scratch.truncate(name, to: 3 * record + 10)
            expected = [3 * record..<4 * record, 1_500_000..<1_600_000]
        case .removed:
            try shop.scratch.remove(name)
            expected = (0..<4).map { $0 * record..<($0 + 1) * record } + [1_500_000..<1_600_000]
        case .swapped:
            // Right bytes in the wrong place.
            try shop.scratch.overwrite(name, at: record, with: Array(shop.bytes[..<Int(record)]))
        }
        let partial = try shop.open()
        #expect(try partial.checkAll() == expected)
        let gone = expected.reduce(0) { $0 + Int64($1.count) }
        #expect(partial.heldBytes == 1_148_576 - gone)
        #expect(partial.missing.reduce(0) { $0 + $1.count } == size - 1_148_576 + Int(gone))
        for range in expected { #expect(partial.missing.contains { $0.contains(range.lowerBound) }) }
        // Void for good: the next run does not even claim them.
        #expect(try shop.open().claimedBytes == 1_148_576 - gone)
        try shop.fill(partial)
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
    }

    @Test func `keeps a claim that could not be read`() throws {
        let shop = try Workshop(size: 1000)
        try shop.prepare([0..<500])
        let disk = FaultyDisk { event, _, _ in
            event.call == .read && event.subject == "weights.bin.partial" ? .fail(5) : nil
        }
        let failing = try Workshop(size: 1000, on: disk, in: shop.scratch).open()
        #expect(try storageCode { _ = try failing.checkNext() } == .failed)
        #expect(failing.claimedBytes == 500)
        #expect(try storageCode { _ = try failing.checkNext() } == .failed)
        #expect(try shop.open().checkAll() == [])
    }

    @Test func `drops it from the page cache before anything is read back or written`() throws {
        let shop = try Workshop(size: size)
        try shop.prepare([0..<1_500_000])
        let disk = FaultyDisk()
        let partial = try Workshop(size: size, on: disk, in: shop.scratch).open()
        let name = shop.names.partial
        try partial.checkAll()
        let order = disk.events.filter { [.forgetCached, .read, .write].contains($0.call) && $0.subject == name }
        #expect(order.first?.call == .forgetCached)
        #expect(order.filter { $0.call == .forgetCached }.count == 1)
    }

    // MARK: Without a journal of its own

    @Test func `without a journal counts up to its first hole`() throws {
        let shop = try Workshop(size: size)
        try shop.scratch.write(Array(shop.bytes[..<1_048_576]), to: shop.names.partial)
        try shop.scratch.truncate(shop.names.partial, to: 1_500_000)
        try shop.scratch.overwrite(shop.names.partial, at: 1_400_000, with: [1, 2, 3])
        let partial = try shop.open()
        // Where the file system cannot tell holes, zeros are found as well, and the digest must tell.
        try #require(partial.claimedBytes == 1_048_576)
        #expect(try partial.checkAll() == [])
        #expect(partial.missing == [1_048_576..<2_000_000])
        #expect(partial.hashedBytes == 1_048_576)
        // Once read it is recorded like any other.
        #expect(try shop.open().claimedBytes == 1_048_576)
        try shop.fill(partial)
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
    }

    @Test func `found here and killed before it was read is found again`() throws {
        let shop = try Workshop(size: size)
        try shop.scratch.write(shop.bytes, to: shop.names.partial)
        do {
            let partial = try shop.open()
            _ = try partial.checkNext()
        }
        let partial = try shop.open()
        #expect(partial.claimedBytes == Int64(size))
        #expect(try partial.checkAll() == [])
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
    }

    @Test func `with a wrong beginning found here gives that up first`() throws {
        let shop = try Workshop(size: size)
        try shop.scratch.write([UInt8](repeating: 9, count: 700_000), to: shop.names.partial)
        let partial = try shop.open()
        try partial.checkAll()
        try shop.fill(partial)
        var wrong = shop.bytes
        for index in 0..<700_000 { wrong[index] = 9 }
        #expect(throws: PartialFile.Mismatch.self) { try partial.finishVerified() }
        #expect(partial.failedDigest == sha256(wrong))
        #expect(try partial.discardDoubtful() == .foundHere)
        #expect(partial.missing == [0..<700_000])
        try shop.fill(partial)
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
    }

    @Test func `longer than the file is cut`() throws {
        let shop = try Workshop(size: size)
        try shop.scratch.write(shop.bytes + [1, 2, 3], to: shop.names.partial)
        let partial = try shop.open()
        #expect(shop.scratch.read(shop.names.partial)?.count == size)
        #expect(try partial.checkAll() == [])
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
    }

    @Test func `whose journal is another file's is found here`() throws {
        let shop = try Workshop(size: size)
        try shop.prepare([1_000_000..<1_500_000])
        let other = FileIdentity(path: shop.identity.path, size: Int64(size), sha256: sha256([1]))
        let partial = try shop.open(as: other)
        #expect(partial.claimedBytes == 0)
        #expect(partial.missing == [0..<2_000_000])
        // The journal is the other file's now.
        #expect(try shop.open().claimedBytes == 0)
    }

    // MARK: Wrong digests

    @Test func `remembers over runs what it hashed to`() throws {
        let shop = try Workshop(size: size, digest: sha256([1]))
        let actual = sha256(shop.bytes)
        do {
            let partial = try shop.open()
            try shop.fill(partial)
            guard case .mismatch(let digest) = try partial.finish() else {
                Issue.record("no mismatch")
                return
            }
            #expect(digest == actual)
            #expect(partial.failedDigest == actual)
        }
        let partial = try shop.open()
        #expect(partial.failedDigest == actual)
        #expect(try partial.checkAll() == [])
        #expect(partial.isComplete)
        #expect(partial.failedDigest == actual)
        #expect(try partial.discardDoubtful() == nil)
        #expect(partial.failedDigest == actual, "nothing was discarded")
        try partial.void(0..<2_000_000)
        #expect(partial.failedDigest == nil)
        #expect(partial.missing == [0..<2_000_000])
        #expect(partial.hashedBytes == 0)
        #expect(try shop.open().failedDigest == nil)
    }

    @Test func `without a digest in the manifest is what its caller accepts, and nothing by itself`() throws {
        let shop = try Workshop(size: 1000)
        let partial = try shop.open(as: FileIdentity(path: "weights.bin", size: 1000, sha256: nil))
        try shop.fill(partial)
        let digest = sha256(shop.bytes)
        guard case .unproven(digest, .oneSource(SourceID(url: "filler"))) = try partial.finish() else {
            Issue.record("a digest was taken that nobody had accepted")
            return
        }
        var asked: [SHA256Digest] = []
        let completion = try partial.finish { digest, _ in
            asked.append(digest)
            return true
        }
        guard case .verified(let verified) = completion else {
            Issue.record("not taken")
            return
        }
        #expect(verified.digest == digest && asked == [digest])
    }

    @Test(arguments: Origins.cases)
    func `tells where its bytes came from`(origins: Origins) throws {
        let shop = try Workshop(size: 1000)
        let identity = FileIdentity(path: "weights.bin", size: 1000, sha256: nil)
        var partial = try shop.open(as: identity)
        let step = 1000 / origins.versions.count
        for (index, version) in origins.versions.enumerated() {
            let writer = try partial.writer(for: version)
            let range = index * step..<(index + 1 == origins.versions.count ? 1000 : (index + 1) * step)
            try partial.write(shop.bytes[range], at: range.lowerBound, from: writer)
            try partial.flush()
            // The journal tells it to the next run.
            if origins.reopens { partial = try shop.open(as: identity) }
        }
        try partial.checkAll()
        guard case .unproven(_, let provenance) = try partial.finish() else {
            Issue.record("a digest was taken that nobody had accepted")
            return
        }
        #expect(provenance == origins.provenance)
        let lost = try partial.keepOneVersion(of: [SourceID(url: "a"), SourceID(url: "b")])
        #expect(lost == origins.lost)
    }

    struct Origins: Sendable {
        var versions: [SourceVersion]
        var reopens = false
        var provenance: Provenance
        /// The bytes that cannot be gone on with.
        var lost: Int64

        private static let (a, b) = (SourceID(url: "a"), SourceID(url: "b"))
        private static let strong = SourceVersion(a, validator: "etag:1")
        private static let none = SourceVersion(a, validator: "")
        private static let one = SourceVersion(a, validator: "", isOneAnswer: true)

        static let cases: [Origins] = [false, true].flatMap { reopens in
            [
                Origins(versions: [strong], reopens: reopens, provenance: .oneVersion(from: a), lost: 0),
                Origins(versions: [strong, strong], reopens: reopens, provenance: .oneVersion(from: a), lost: 0),
                Origins(versions: [one], reopens: reopens, provenance: .oneVersion(from: a), lost: 0),
                // Two answers without a validator, each with a number of its own.
                Origins(versions: [one, one], reopens: reopens, provenance: .oneSource(a), lost: 1000),
                Origins(versions: [none, none], reopens: reopens, provenance: .oneSource(a), lost: 1000),
                Origins(
                    versions: [strong, SourceVersion(a, validator: "etag:2"), strong, strong], reopens: reopens,
                    provenance: .oneSource(a), lost: 250),
                // It is the place that has delivered, not who led there.
                Origins(
                    versions: [SourceVersion(a, at: b, validator: "etag:1")], reopens: reopens,
                    provenance: .oneVersion(from: b), lost: 0),
                // The same validator from another place is no proof.
                Origins(
                    versions: [strong, SourceVersion(a, at: b, validator: "etag:1")], reopens: reopens,
                    provenance: .oneSource(a), lost: 500),
                Origins(
                    versions: [strong, SourceVersion(b, validator: "etag:1"), strong, strong], reopens: reopens,
                    provenance: .mixed, lost: 250),
            ]
        }
    }

    @Test func `discards suspect bytes, then found bytes, then everything`() throws {
        let shop = try Workshop(size: size)
        try shop.scratch.write(Array(shop.bytes[..<400_000]), to: shop.names.partial)
        let partial = try shop.open()
        try partial.checkAll()
        let old = try partial.source(origin: "o", validator: "etag:1")
        try partial.write(shop.bytes[400_000..<900_000], at: 400_000, from: old)
        let new = try partial.source(origin: "o", validator: "etag:2")
        try partial.write(shop.bytes[900_000...], at: 900_000, from: new)
        #expect(partial.isComplete)
        #expect(try partial.discardDoubtful() == .suspect)
        #expect(partial.missing == [400_000..<900_000])
        try partial.write(shop.bytes[400_000..<900_000], at: 400_000, from: new)
        #expect(try partial.discardDoubtful() == .foundHere)
        #expect(partial.missing == [0..<400_000])
        try partial.write(shop.bytes[..<400_000], at: 0, from: new)
        #expect(try partial.discardDoubtful() == nil)
        #expect(partial.missing == [])
        try partial.void(0..<2_000_000)
        try shop.fill(partial)
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
    }

    @Test func `discards nothing if all of it is suspect`() throws {
        let shop = try Workshop(size: 1000)
        let partial = try shop.open()
        try partial.write(shop.bytes, at: 0, from: try partial.source(origin: "o", validator: "etag:1"))
        _ = try partial.source(origin: "o", validator: "etag:2")
        #expect(try partial.discardDoubtful() == nil)
        #expect(partial.missing == [])
    }
}
