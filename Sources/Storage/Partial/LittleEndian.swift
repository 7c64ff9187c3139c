// The integers and ranges of journal records, little-endian.

extension [UInt8] {
    mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    mutating func append(_ range: Range<Int64>) {
        append(littleEndian: range.lowerBound)
        append(littleEndian: range.upperBound)
    }
}

extension UnsafeRawBufferPointer {
    func littleEndian<T: FixedWidthInteger>(_: T.Type, at offset: Int) -> T {
        T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// The range at the beginning of a payload; `nil` if it is empty, reversed or negative.
    var range: Range<Int64>? {
        let start = littleEndian(Int64.self, at: 0)
        let end = littleEndian(Int64.self, at: 8)
        return start >= 0 && start < end ? start..<end : nil
    }
}
