internal import Hashing

/// The extents that were written and have no journal record yet: one per ``ExtentWriter``, with the checksum of its bytes so far.
struct OpenExtents: ~Copyable {
    /// A record is due when an extent has this many bytes. This limits what a killed process loses.
    static let recordBytes: Int64 = 256 << 10
    /// How many extents are open at once before all are recorded: each holds a libcrypto context, and writers come and go.
    static let maximumCount = 64

    private let key: [UInt8]
    private var open: [(writer: Int, extent: OpenExtent)] = []

    /// - Parameter key: the journal's.
    init(key: [UInt8]) { self.key = key }

    /// Adds bytes that a writer has written.
    ///
    /// - Returns: the records that are due.
    mutating func add(
        _ bytes: UnsafeRawBufferPointer, at range: Range<Int64>, source: UInt16, writer: Int
    ) -> [JournalRecord] {
        var records: [JournalRecord] = []
        let extent: OpenExtent
        if let index = open.firstIndex(where: { $0.writer == writer }) {
            extent = open[index].extent
            if extent.range.upperBound != range.lowerBound {
                records += extent.finish()
                extent.begin(at: range.lowerBound)
            }
        } else {
            if open.count >= Self.maximumCount { records += finishAll() }
            extent = OpenExtent(at: range.lowerBound, source: source, key: key)
            open.append((writer, extent))
        }
        // A record must stay well below the longest extent that a reader accepts, however much is written at once.
        var rest = bytes
        while !rest.isEmpty {
            let part = min(rest.count, Int(JournalRecord.maximumExtent - Self.recordBytes))
            extent.append(UnsafeRawBufferPointer(rebasing: rest[..<part]))
            rest = UnsafeRawBufferPointer(rebasing: rest[part...])
            if extent.range.count >= Self.recordBytes { records += extent.finish() }
        }
        return records
    }

    /// Ends all extents.
    ///
    /// - Returns: their records.
    mutating func finishAll() -> [JournalRecord] {
        defer { open = [] }
        return open.flatMap { $0.extent.finish() }
    }
}

/// Bytes that were written one after another.
///
/// A class, because a checksummer has one owner and the elements of an array must be copyable.
private final class OpenExtent {
    private(set) var range: Range<Int64>
    private let source: UInt16
    private var summer: BlockChecksummer

    init(at offset: Int64, source: UInt16, key: [UInt8]) {
        range = offset..<offset
        self.source = source
        summer = BlockChecksummer(key: key)
        summer.begin(at: offset, domain: .block)
    }

    /// Starts anew at another offset.
    func begin(at offset: Int64) {
        range = offset..<offset
        summer.begin(at: offset, domain: .block)
    }

    func append(_ bytes: UnsafeRawBufferPointer) {
        summer.update(bytes)
        range = range.lowerBound..<range.upperBound + Int64(bytes.count)
    }

    /// The record of the bytes so far, if there are any; the next extent begins after them.
    func finish() -> [JournalRecord] {
        guard !range.isEmpty else { return [] }
        let record = JournalRecord.extent(range, source: source, checksum: summer.finish())
        begin(at: range.upperBound)
        return [record]
    }
}
