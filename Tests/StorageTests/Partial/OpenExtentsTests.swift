import Hashing
import Testing

@testable import Storage

@Suite struct `Open extents` {
    private let due = Int(OpenExtents.recordBytes)

    /// What a writer adds, and the ranges of the records that are due then.
    private func add(
        _ extents: inout OpenExtents, _ range: Range<Int>, source: UInt16 = 1, writer: Int = 1
    ) -> [JournalRecord] {
        Self.bytes(range).withUnsafeBytes {
            extents.add($0, at: Int64(range.lowerBound)..<Int64(range.upperBound), source: source, writer: writer)
        }
    }

    private static func bytes(_ range: Range<Int>) -> [UInt8] { range.map { UInt8(truncatingIfNeeded: $0 &* 7) } }

    /// The record that a range must have.
    private func record(_ range: Range<Int>, source: UInt16 = 1) -> JournalRecord {
        var summer = BlockChecksummer(key: testKey)
        let checksum = Self.bytes(range).withUnsafeBytes {
            summer.checksum(of: $0, at: Int64(range.lowerBound), domain: .block)
        }
        return .extent(Int64(range.lowerBound)..<Int64(range.upperBound), source: source, checksum: checksum)
    }

    @Test func `grow until a record is due`() {
        var extents = OpenExtents(key: testKey)
        #expect(add(&extents, 0..<1000) == [])
        #expect(add(&extents, 1000..<due - 1) == [])
        #expect(add(&extents, due - 1..<due + 10) == [record(0..<due + 10)])
        #expect(add(&extents, due + 10..<due + 20) == [])
        #expect(extents.finishAll() == [record(due + 10..<due + 20)])
        #expect(extents.finishAll() == [])
    }

    @Test func `end where their writer goes on elsewhere`() {
        var extents = OpenExtents(key: testKey)
        #expect(add(&extents, 0..<1000) == [])
        #expect(add(&extents, 2000..<3000) == [record(0..<1000)])
        #expect(extents.finishAll() == [record(2000..<3000)])
    }

    @Test func `are kept apart by writer`() {
        var extents = OpenExtents(key: testKey)
        for start in stride(from: 0, to: 4000, by: 1000) {
            #expect(add(&extents, start..<start + 1000, writer: 1) == [])
            #expect(add(&extents, 50_000 + start..<51_000 + start, source: 2, writer: 2) == [])
        }
        #expect(extents.finishAll() == [record(0..<4000), record(50_000..<54_000, source: 2)])
    }

    @Test func `become several records when much is written at once`() {
        var extents = OpenExtents(key: testKey)
        let limit = Int(JournalRecord.maximumExtent) - due
        #expect(add(&extents, 0..<limit + 100) == [record(0..<limit)])
        #expect(extents.finishAll() == [record(limit..<limit + 100)])
    }

    @Test func `are all recorded when there are too many`() {
        var extents = OpenExtents(key: testKey)
        let count = OpenExtents.maximumCount
        for writer in 0..<count { #expect(add(&extents, writer * 100..<writer * 100 + 10, writer: writer) == []) }
        let records = (0..<count).map { record($0 * 100..<$0 * 100 + 10) }
        #expect(add(&extents, 90_000..<90_010, writer: count) == records)
        #expect(extents.finishAll() == [record(90_000..<90_010)])
    }
}
