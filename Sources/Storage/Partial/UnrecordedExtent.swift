internal import Hashing

/// Bytes that were written one after another and have no journal record yet.
///
/// A class, since a checksummer has one owner and an array wants copies.
final class UnrecordedExtent {
    private(set) var range: Range<Int64>
    let source: UInt16
    private var summer: BlockChecksummer

    init(at offset: Int64, source: UInt16, key: [UInt8]) {
        range = offset..<offset
        self.source = source
        summer = BlockChecksummer(key: key)
        summer.begin(at: offset, domain: .block)
    }

    func append(_ bytes: UnsafeRawBufferPointer) {
        summer.update(bytes)
        range = range.lowerBound..<range.upperBound + Int64(bytes.count)
    }

    /// The record of what came so far; the next extent begins behind it.
    func finish() -> JournalRecord {
        let record = JournalRecord.extent(range, source: source, checksum: summer.finish())
        range = range.upperBound..<range.upperBound
        summer.begin(at: range.upperBound, domain: .block)
        return record
    }
}
