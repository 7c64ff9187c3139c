import Hashing
import Testing

@testable import Storage

@Suite struct `An open extent` {
    private let due = Int(OpenExtent.recordBytes)

    /// Adds a range, and returns the records that are due then.
    private func add(_ extent: inout OpenExtent, _ range: Range<Int>) throws -> [JournalRecord] {
        let isDue = Self.bytes(range).withUnsafeBytes { extent.add($0, at: Int64(range.lowerBound)) }
        var records: [JournalRecord] = []
        try extent.recordDue { records += $0 }
        #expect(isDue == !records.isEmpty)
        return records
    }

    private func recordAll(_ extent: inout OpenExtent) throws -> [JournalRecord] {
        var records: [JournalRecord] = []
        try extent.record { records += $0 }
        return records
    }

    private func touched(_ extent: borrowing OpenExtent, _ ranges: [Range<Int64>]) -> [Range<Int64>] {
        var touched: [Range<Int64>] = []
        for range in ranges where extent.touches(range) { touched.append(range) }
        return touched
    }

    private static func bytes(_ range: Range<Int>) -> [UInt8] { range.map { UInt8(truncatingIfNeeded: $0 &* 7) } }

    /// The record that a range must have.
    private func record(_ range: Range<Int>) -> JournalRecord {
        var summer = BlockChecksummer(key: testKey)
        let checksum = Self.bytes(range).withUnsafeBytes {
            summer.checksum(of: $0, at: Int64(range.lowerBound), domain: .block)
        }
        return .extent(Int64(range.lowerBound)..<Int64(range.upperBound), source: 1, checksum: checksum)
    }

    @Test func `grows until a record is due`() throws {
        var extent = OpenExtent(source: 1, key: testKey)
        #expect(try add(&extent, 0..<1000) == [])
        #expect(try add(&extent, 1000..<due - 1) == [])
        #expect(try add(&extent, due - 1..<due + 10) == [record(0..<due + 10)])
        #expect(try add(&extent, due + 10..<due + 20) == [])
        #expect(try recordAll(&extent) == [record(due + 10..<due + 20)])
        #expect(try recordAll(&extent) == [])
    }

    @Test func `ends where its writer goes on elsewhere`() throws {
        var extent = OpenExtent(source: 1, key: testKey)
        #expect(try add(&extent, 0..<1000) == [])
        #expect(try add(&extent, 2000..<3000) == [record(0..<1000)])
        #expect(try recordAll(&extent) == [record(2000..<3000)])
    }

    @Test func `becomes several records when much is written at once`() throws {
        var extent = OpenExtent(source: 1, key: testKey)
        let limit = Int(JournalRecord.maximumExtent) - due
        #expect(try add(&extent, 0..<limit + 100) == [record(0..<limit)])
        #expect(try recordAll(&extent) == [record(limit..<limit + 100)])
    }

    @Test func `knows which bytes the journal does not have`() throws {
        var extent = OpenExtent(source: 1, key: testKey)
        let ranges: [Range<Int64>] = [0..<9, 0..<100, 0..<101, 199..<300, 200..<300]
        #expect(touched(extent, ranges) == [])
        _ = try add(&extent, 100..<200)
        #expect(touched(extent, ranges) == [0..<101, 199..<300])
        _ = try recordAll(&extent)
        #expect(touched(extent, ranges) == [])
    }

    @Test func `keeps its records until the journal has them`() throws {
        var extent = OpenExtent(source: 1, key: testKey)
        _ = try add(&extent, 0..<1000)
        let failure = StorageError(.noSpace, path: "journal", reason: "full")
        var isFull = false
        do { try extent.record { _ throws(StorageError) in throw failure } } catch { isFull = error.code == .noSpace }
        #expect(isFull)
        #expect(touched(extent, [0..<1]) == [0..<1])
        #expect(try add(&extent, 1000..<1001) == [record(0..<1000)])
        #expect(try recordAll(&extent) == [record(1000..<1001)])
    }
}
