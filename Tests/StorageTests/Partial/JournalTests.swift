import Foundation
import Hashing
import SeededRandom
import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(10))) struct `A journal` {
    private let desk: JournalDesk
    private let identity = FileIdentity(path: "w", size: 1_000_000, sha256: sha256([1]))
    private let records: [JournalRecord] = [
        sourceOne, extent(0, 1000, 1, 1), .found(2000..<3000), extent(1000, 2000, 1, 2), .void(1000..<2000),
        .source(number: 2, origin: "m", validator: ""), extent(5000, 9000, 2, 3),
        .digestFailed(sha256([2])),
    ]

    init() throws { desk = try JournalDesk() }

    // MARK: Golden journals

    private static let mirror = SourceVersion(
        SourceID(url: "https://mirror.example/?größe"), at: SourceID(url: "https://cdn.example/"), validator: "",
        isOneAnswer: true)

    private static func golden(_ name: String) throws -> [UInt8] {
        let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../Fixtures/journals/\(name)")
        return Array(try Data(contentsOf: fixtures))
    }

    /// The file that the golden journals are about.
    private static let content = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ ($0 >> 8) &* 7) }

    private static func block(_ range: Range<Int>, _ source: UInt16, key: [UInt8]) -> JournalRecord {
        var summer = BlockChecksummer(key: key)
        let sum = content.withUnsafeBytes { all in
            summer.checksum(
                of: UnsafeRawBufferPointer(rebasing: all[range]), at: Int64(range.lowerBound), domain: .block)
        }
        return .extent(Int64(range.lowerBound)..<Int64(range.upperBound), source: source, checksum: sum)
    }

    @Test func `with every record is written and read as an independent implementation does`() throws {
        let golden = try Self.golden("every-record.journal")
        let identity = FileIdentity(path: "deep/weights.bin", size: 1_000_000, sha256: sha256(Self.content))
        let kept = [
            Self.block(0..<262_144, 1, key: testKey), Self.block(400_000..<410_000, 0, key: testKey),
            Self.block(999_999..<1_000_000, 2, key: testKey),
        ]
        let records: [JournalRecord] = [
            .source(number: 1, origin: "https://example.org/", validator: "etag:\"abc\""), kept[0],
            Self.block(262_144..<300_000, 1, key: testKey),
            .source(number: 2, Self.mirror), .found(400_000..<500_000), kept[1], .void(262_144..<300_000), kept[2],
            .digestFailed(sha256(Array("wrong".utf8))),
        ]
        #expect(WrittenJournal(of: identity, records).bytes == golden)

        let contents = try #require(try desk.read(golden, as: identity))
        #expect(contents.versions == [1: SourceVersion("https://example.org/", "etag:\"abc\""), 2: Self.mirror])
        #expect(contents.failedDigest == sha256(Array("wrong".utf8)))
        #expect(
            contents.claims.map(\.range) == [0..<262_144, 400_000..<410_000, 410_000..<500_000, 999_999..<1_000_000])
        #expect(contents.claims.map(\.source) == [1, 0, 0, 2])
        let sums = kept.map { record -> BlockChecksum? in
            guard case .extent(_, _, let checksum) = record else { return nil }
            return checksum
        }
        #expect(contents.claims.map(\.checksum) == [sums[0], sums[1], nil, sums[2]])
    }

    @Test func `with records of unknown types is read past them`() throws {
        let key = [UInt8](repeating: 255, count: 16)
        let identity = FileIdentity(path: "w", size: 1_000_000, sha256: nil)
        let contents = try #require(try desk.read(try Self.golden("unknown-records.journal"), as: identity))
        #expect(contents.versions[65_535] == SourceVersion("", "date:Thu, 01 Jan 1970 00:00:00 GMT"))
        // A source of which no more than a shown form was written is of no version that can be gone on with.
        #expect(contents.versions[3]?.isResumable == false)
        let known = [(500_000..<500_001, 65_535), (600_000..<600_001, 3)].map { Self.block($0, UInt16($1), key: key) }
        let claims = known.compactMap { record -> JournalContents.Claim? in
            guard case .extent(let range, let source, let sum) = record else { return nil }
            return .init(range: range, source: source, checksum: sum)
        }
        #expect(contents.claims == claims)
    }

    @Test
    func
        `of a source that changes with every answer stays in proportion, and is rewritten when most of it says nothing`()
        throws
    {
        let shop = try Workshop(size: 400_000)
        var partial = try shop.open()
        var writer = try partial.source(origin: "https://farm.example/", validator: "etag:0")
        for round in 0..<20_000 {
            let version = SourceVersion("https://farm.example/", "etag:\(round)")
            writer = try partial.writer(for: version)
            try partial.write(shop.bytes[round..<round + 1], at: round, from: writer)
            // Voided and fetched again, as with a server whose bytes are wrong now and then.
            if round % 2 == 0 { try partial.void(Int64(round)..<Int64(round + 1)) }
        }
        try partial.flush()
        let written = try #require(shop.scratch.read(shop.names.journal)).count
        #expect(written < 20_000 * 400)
        for round in stride(from: 0, to: 20_000, by: 2) {
            try partial.write(shop.bytes[round..<round + 1], at: round, from: writer)
        }
        // All of it is void: what is left to say is little.
        try partial.void(0..<400_000)
        try partial.flush()
        partial = try shop.open()
        #expect(try #require(shop.scratch.read(shop.names.journal)).count < 1 << 20)
        #expect(partial.claimedBytes == 0)
        try shop.fill(partial)
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
    }

    // MARK: Damage

    @Test func `cut off anywhere gives exactly the records that are whole, and goes on from there`() throws {
        let whole = WrittenJournal(of: identity, records)
        let added = extent(900_000, 900_001, 1, 9)
        for length in 0...whole.bytes.count {
            let contents = try desk.read(Array(whole.bytes[..<length]), as: identity, appending: [added])
            guard let count = whole.wholeRecords(in: length) else {
                #expect(contents == nil, "\(length) bytes")
                continue
            }
            #expect(contents == JournalContents(playing: Array(records[..<count]), size: identity.size))
            let expected = WrittenJournal(of: identity, records[..<count] + [added])
            #expect(try desk.bytes() == expected.bytes, "appended to \(length) bytes")
        }
    }

    @Test(arguments: [UInt8(1), 0x80, 0xFF])
    func `with a flipped byte claims nothing that was not written`(flip: UInt8) throws {
        let whole = WrittenJournal(of: identity, records)
        for position in whole.bytes.indices {
            var bytes = whole.bytes
            bytes[position] ^= flip
            let contents = try desk.read(bytes, as: identity)
            guard let count = whole.wholeRecords(in: position) else {
                #expect(contents == nil, "byte \(position)")
                continue
            }
            // The record with the wrong byte and all behind it are the torn tail.
            #expect(contents == JournalContents(playing: Array(records[..<count]), size: identity.size))
        }
    }

    @Test func `with a record in another's place ends there`() throws {
        let pair = WrittenJournal(of: identity, [sourceOne, extent(0, 10), extent(10, 20)])
        let (first, second) = (pair.bytes[pair.ends[1]..<pair.ends[2]], pair.bytes[pair.ends[2]...])
        let swapped = pair.bytes[..<pair.ends[1]] + second + first
        #expect(try desk.read(Array(swapped), as: identity)?.claims == [])
        let repeated = pair.bytes + second
        #expect(try desk.read(repeated, as: identity)?.claims.count == 2)
        #expect(try desk.bytes() == pair.bytes)
    }

    @Test func `followed by rubbish or zeros is cut`() throws {
        let whole = WrittenJournal(of: identity, records)
        for tail in [[UInt8](repeating: 0, count: 5000), [UInt8](repeating: 255, count: 3), Array("\n".utf8)] {
            let contents = try desk.read(whole.bytes + tail, as: identity)
            #expect(contents == JournalContents(playing: records, size: identity.size))
            #expect(try desk.bytes() == whole.bytes)
        }
    }

    @Test(arguments: [
        FileIdentity(path: "v", size: 1_000_000, sha256: sha256([1])),
        FileIdentity(path: "ww", size: 1_000_000, sha256: sha256([1])),
        FileIdentity(path: "", size: 1_000_000, sha256: sha256([1])),
        FileIdentity(path: "w", size: 1_000_001, sha256: sha256([1])),
        FileIdentity(path: "w", size: 1_000_000, sha256: sha256([2])),
        FileIdentity(path: "w", size: 1_000_000, sha256: nil),
    ])
    func `of another file is not this file's`(other: FileIdentity) throws {
        #expect(try desk.read(WrittenJournal(of: identity, records).bytes, as: other) == nil)
        #expect(try desk.read(WrittenJournal(of: other, records).bytes, as: identity) == nil)
    }

    @Test func `over the limit counts as far as it is read, and not as none`() throws {
        let whole = WrittenJournal(of: identity, records)
        #expect(try desk.read(whole.bytes, as: identity) != nil)
        let file = try #require(try desk.directory.open("journal", .update))
        var contents = JournalContents()
        try desk.directory.disk.truncate(file.descriptor, to: Int64(ExtentJournal.maximumLength) + 1)
        let journal = try ExtentJournal(resuming: file, identity: identity, into: &contents)
        let isNone = if case nil = journal { true } else { false }
        #expect(!isNone)
        #expect(contents == JournalContents(playing: records, size: identity.size))
        #expect(try file.status().size == whole.bytes.count)
    }

    @Test func `whose append failed half way has no tail that is read later`() throws {
        // The call says it failed after it wrote everything, as one may that is interrupted by the network.
        let scratch = desk.scratch
        let path = scratch.path("j")
        let disk = FaultyDisk { event, nth, _ in
            guard event.call == .write, nth == 1 else { return nil }
            try? scratch.overwrite("j", at: 0, with: WrittenJournal(of: identity, records).bytes)
            return .fail(5)
        }
        let directory = try ModelDirectory(existing: scratch.path, on: disk)
        let file = try #require(try directory.open("j", .create))
        var journal = try ExtentJournal(beginning: file, identity: identity, key: testKey, with: [])
        #expect(throws: StorageError.self) { try journal.append(records) }
        try journal.append([sourceOne])
        #expect(
            FileManager.default.contents(atPath: path).map { Array($0) }
                == WrittenJournal(of: identity, [sourceOne]).bytes)
    }

    // MARK: Contents with right checksums and wrong sense

    @Test func `with payloads of the wrong length is read past them`() throws {
        var bytes = WrittenJournal(of: identity, [sourceOne]).bytes
        var summer = BlockChecksummer(key: testKey)
        func append(_ type: UInt8, _ payload: [UInt8]) {
            let head = [type, 0, UInt8(payload.count & 255), UInt8(payload.count >> 8)] + payload
            bytes += head
            bytes +=
                head.withUnsafeBytes {
                    summer.checksum(of: $0, at: Int64(bytes.count - head.count), domain: .record)
                }.bytes
        }
        for type in UInt8.min...UInt8.max {
            for count in [0, 1, 5, 6, 15, 17, 31, 33, 35, 300] { append(type, [UInt8](repeating: 255, count: count)) }
        }
        append(2, [UInt8](repeating: 255, count: 34))
        for type in [UInt8(3), 4, 6] {
            append(type, [UInt8](repeating: 255, count: 16))
            // [9, 3), turned round, and [0, 2^63), below zero
            append(type, [9, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0])
            append(type, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128])
        }
        let contents = try #require(try desk.read(bytes, as: identity, appending: [extent(0, 10)]))
        #expect(contents.claims == [])
        #expect(contents.versions.count == 2)
        #expect(try desk.read(try desk.bytes(), as: identity)?.claims == [claim(0, 10)])
    }

    @Test func `of many overlapping records is read from the disk in time`() throws {
        let size: Int64 = 1 << 40
        let identity = FileIdentity(path: "w", size: size, sha256: nil)
        var generator = SplitMix64(seed: 1)
        var records = [sourceOne]
        for number in 0..<100_000 {
            // In bad order, and each reaching into many others.
            let start = Int64.random(in: 0..<size / 8, using: &generator)
            let length = Int64.random(in: 1...JournalRecord.maximumExtent, using: &generator)
            records.append(extent(start, start + length, 1, number))
        }
        let contents = try #require(try desk.read(WrittenJournal(of: identity, records).bytes, as: identity))
        #expect(contents == JournalContents(playing: records, size: size))
        #expect(!contents.claims.isEmpty)
    }

    @Test func `keeps long validators to their first bytes`() throws {
        let long = String(repeating: "ä", count: 40_000)
        let version = SourceVersion(SourceID(url: long), validator: long)
        let written = WrittenJournal(of: identity, [.source(number: 1, version), extent(0, 10)])
        let contents = try #require(try desk.read(written.bytes, as: identity))
        #expect(contents.claims == [claim(0, 10)])
        #expect(contents.versions[1]?.validator == String(repeating: "ä", count: 512))
    }
}
