import Foundation
import Hashing
import Testing

@testable import Storage

/// Reads and writes journals in a directory of its own.
struct JournalDesk {
    let scratch: Scratch
    let directory: ModelDirectory

    init() throws {
        scratch = try Scratch()
        directory = try ModelDirectory(existing: scratch.path, on: SystemDisk())
    }

    /// What a reader understands of a journal, after which some records are appended; `nil` if it is not this file's.
    func read(
        _ bytes: [UInt8], as identity: FileIdentity, appending records: [JournalRecord] = []
    ) throws -> JournalContents? {
        let file = try #require(try directory.open("journal", .create))
        try directory.disk.truncate(file.descriptor, to: 0)
        try file.write(bytes, at: 0)
        var contents = JournalContents()
        guard var journal = try ExtentJournal(resuming: file, identity: identity, into: &contents) else { return nil }
        try journal.append(records)
        return contents
    }

    /// The journal as the last reader left it.
    func bytes() throws -> [UInt8] { try #require(scratch.read("journal")) }
}

/// A journal's bytes, and where its header and each of its records end.
struct WrittenJournal {
    var bytes: [UInt8]
    var ends: [Int]

    init(of identity: FileIdentity, key: [UInt8] = testKey, _ records: [JournalRecord]) {
        bytes = JournalHeader(key: key, identity: identity).encoded
        ends = [bytes.count]
        var summer = BlockChecksummer(key: key)
        for record in records {
            bytes += record.encoded(at: Int64(bytes.count), with: &summer)
            ends.append(bytes.count)
        }
    }

    /// How many records are whole in the first `length` bytes; `nil` if the header is not.
    func wholeRecords(in length: Int) -> Int? { ends.lastIndex { $0 <= length } }
}

/// A checksum that stands for nothing but itself.
func checksum(_ number: Int) -> BlockChecksum {
    var bytes = [UInt8](repeating: 0, count: BlockChecksum.byteCount)
    for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
    return bytes.withUnsafeBytes { BlockChecksum(bytes: $0) }
}

let sourceOne = JournalRecord.source(number: 1, origin: "https://example.org/", validator: "etag:\"1\"")

extension JournalRecord {
    static func source(number: UInt16, origin: String, validator: String) -> JournalRecord {
        .source(number: number, SourceVersion(origin, validator))
    }
}

extension SourceVersion {
    init(_ origin: String, _ validator: String) { self.init(SourceID(url: origin), validator: validator) }
}

/// An extent whose checksum tells it from others.
func extent(_ start: Int64, _ end: Int64, _ source: UInt16 = 1, _ number: Int = 0) -> JournalRecord {
    .extent(start..<end, source: source, checksum: checksum(number))
}

func claim(_ start: Int64, _ end: Int64, _ source: UInt16 = 1, _ number: Int = 0) -> JournalContents.Claim {
    JournalContents.Claim(range: start..<end, source: source, checksum: checksum(number))
}

func found(_ start: Int64, _ end: Int64) -> JournalContents.Claim {
    JournalContents.Claim(range: start..<end, source: 0, checksum: nil)
}
