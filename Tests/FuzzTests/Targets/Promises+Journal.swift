import Hashing
import Storage

@testable import Storage

extension Promises {
    /// Bytes as a journal: what they say is in order, nothing but a torn tail is cut off, and what is appended is read next time.
    static func ofJournal(_ input: [UInt8]) throws {
        guard let identity = identity(in: input) else { return }
        let disk = MemoryDisk()
        disk["d/journal"] = input
        let directory = try ModelDirectory(existing: "d", on: disk)
        guard let first = try resume(directory, identity) else { return }
        try hold(input.starts(with: disk["d/journal"] ?? []), "resuming changed more than the tail")
        try holdInOrder(first, size: identity.size)
        var expected = first
        expected.failedDigest = SHA256Digest(bytes: [UInt8](1...32))
        let again = try resume(directory, identity, appending: [.digestFailed(expected.failedDigest!)])
        try hold(again == first, "the journal says something else the second time")
        try hold(try resume(directory, identity) == expected, "what was appended is not what is read")
    }

    /// The file that a journal is of by its own account.
    private static func identity(in journal: [UInt8]) -> FileIdentity? {
        guard journal.count >= 67 else { return nil }
        let size = journal[24..<32].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let length = Int(journal[65]) | Int(journal[66]) << 8
        guard size <= 1 << 53, length <= 1024, journal.count >= 67 + length,
            let path = String(validating: journal[67..<67 + length], as: UTF8.self)
        else { return nil }
        return FileIdentity(
            path: path, size: Int64(size), sha256: journal[32] == 0 ? nil : SHA256Digest(bytes: Array(journal[33..<65]))
        )
    }

    private static func resume(
        _ directory: ModelDirectory, _ identity: FileIdentity, appending records: [JournalRecord] = []
    ) throws -> JournalContents? {
        guard let file = try directory.open("journal", .update) else { return nil }
        var contents = JournalContents()
        guard var journal = try ExtentJournal(resuming: file, identity: identity, into: &contents) else { return nil }
        if !records.isEmpty { try journal.append(records) }
        return contents
    }

    /// Records made of the input: written and read they are the same, and one that was changed does not count.
    static func ofRecords(_ input: [UInt8]) throws {
        var reader = ByteReader(input)
        let size = reader.number(below: 1 << 53)
        let (change, bit) = (reader.number(below: 1 << 16), reader.byte() & 7)
        var records: [JournalRecord] = []
        while !reader.isAtEnd { records.append(record(&reader, size: size) { _ in checksum }) }
        let key = [UInt8](0..<16)
        var summer = BlockChecksummer(key: key)
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for record in records {
            bytes += record.encoded(at: Int64(bytes.count), with: &summer)
            ends.append(bytes.count)
        }
        try hold(read(bytes, key) == records, "records read back otherwise")
        try holdInOrder(JournalContents(playing: records, size: size), size: size)
        guard !bytes.isEmpty else { return }
        let changed = Int(change) % bytes.count
        bytes[changed] ^= 1 << bit
        let whole = ends.count { $0 <= changed }
        try hold(read(bytes, key) == Array(records[..<whole]), "a record survived the change of byte \(changed)")
    }

    private static let checksum = BlockChecksummer.sum([], at: 0, key: [UInt8](0..<16))

    private static func read(_ bytes: [UInt8], _ key: [UInt8]) -> [JournalRecord?] {
        var summer = BlockChecksummer(key: key)
        var records: [JournalRecord?] = []
        var offset = 0
        bytes.withUnsafeBytes { bytes in
            while case .record(let record, let length) = JournalRecord.read(bytes, at: offset, with: &summer) {
                records.append(record)
                offset += length
            }
        }
        return records
    }

    /// A record that may be written: what the writer never writes (empty ranges, long extents, long texts) is left out.
    static func record(
        _ reader: inout ByteReader, size: Int64, checksum: (Range<Int64>) -> BlockChecksum
    ) -> JournalRecord {
        let kind = reader.byte() % 5
        if kind == 1 {
            let number = UInt16(reader.number(below: 1 << 16))
            return .source(number: number, SourceVersion(SourceID(url: reader.text()), validator: reader.text()))
        }
        if kind == 2 { return .digestFailed(SHA256Digest(bytes: [UInt8](repeating: reader.byte(), count: 32))!) }
        // Some reach beyond the end.
        let start = reader.number(below: size + 8)
        let length = reader.number(below: size + 8) + 1
        switch kind {
        case 3: return .void(start..<start + length)
        // A longer one is many claims, which takes a while: StorageTests has it.
        case 4: return .found(start..<start + min(length, 1 << 32))
        default:
            let range = start..<start + min(length, JournalRecord.maximumExtent)
            return .extent(range, source: UInt16(reader.byte() % 3), checksum: checksum(range))
        }
    }

    /// Claims are disjoint and in order, lie in the file, and each can be read back in one piece.
    private static func holdInOrder(_ contents: JournalContents, size: Int64) throws {
        var end: Int64 = 0
        for claim in contents.claims {
            try hold(claim.range.lowerBound >= end && !claim.range.isEmpty, "claims overlap or are out of order")
            try hold(claim.range.count <= JournalRecord.maximumExtent, "a claim of \(claim.range.count) bytes")
            try hold(claim.source == 0 || contents.versions[claim.source] != nil, "a claim of no known source")
            end = claim.range.upperBound
        }
        try hold(end <= size, "a claim beyond the end of the file")
    }
}

extension BlockChecksummer {
    static func sum(_ bytes: some Collection<UInt8>, at offset: Int64, key: [UInt8]) -> BlockChecksum {
        var summer = BlockChecksummer(key: key)
        return Array(bytes).withUnsafeBytes { summer.checksum(of: $0, at: offset, domain: .block) }
    }
}
