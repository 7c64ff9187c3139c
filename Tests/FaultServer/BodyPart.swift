internal import NIOCore

/// A part of a body.
enum BodyPart {
    case text([UInt8])
    case fill(UInt8, count: Int64)
    /// Bytes of a file. `flips` maps offsets to the value that the byte is XORed with.
    case file(ServedFile, Range<Int64>, flips: [Int64: UInt8])
    /// Never ends.
    case endless(SyntheticBlock)

    var count: Int64 {
        switch self {
        case .text(let bytes): Int64(bytes.count)
        case .fill(_, let count): count
        case .file(_, let range, _): Int64(range.count)
        case .endless: .max
        }
    }

    /// The first `count` bytes.
    func prefix(_ count: Int64) -> BodyPart {
        switch self {
        case .text(let bytes): .text(Array(bytes.prefix(Int(count))))
        case .fill(let byte, let whole): .fill(byte, count: min(whole, count))
        case .file(let file, let range, let flips):
            .file(file, range.lowerBound..<min(range.upperBound, range.lowerBound + count), flips: flips)
        case .endless(let block):
            // A synthetic file of this size repeats the same block.
            .file(.synthetic(size: count, block: block), 0..<count, flips: [:])
        }
    }

    /// All but the first `count` bytes.
    func dropFirst(_ count: Int64) -> BodyPart {
        switch self {
        case .text(let bytes): .text(Array(bytes.dropFirst(Int(count))))
        case .fill(let byte, let whole): .fill(byte, count: max(0, whole - count))
        case .file(let file, let range, let flips):
            .file(file, min(range.lowerBound + count, range.upperBound)..<range.upperBound, flips: flips)
        case .endless: self
        }
    }

    /// Between one and `limit` bytes from `position` on; `nil` at the end, or if they cannot be read.
    func buffer(at position: Int64, upTo limit: Int) -> ByteBuffer? {
        let rest = count - position
        guard rest > 0 else { return nil }
        let limit = Int(min(Int64(limit), rest))
        switch self {
        case .text(let bytes): return ByteBuffer(bytes: bytes[Int(position)..<(Int(position) + limit)])
        case .fill(let byte, _): return ByteBuffer(repeating: byte, count: limit)
        case .endless(let block): return block.slice(at: position, upTo: limit)
        case .file(let file, let range, let flips):
            let start = range.lowerBound + position
            guard var buffer = file.buffer(at: start, upTo: limit) else { return nil }
            for (offset, mask) in flips where offset >= start && offset < start + Int64(buffer.readableBytes) {
                let index = buffer.readerIndex + Int(offset - start)
                let byte = buffer.getInteger(at: index, as: UInt8.self) ?? 0
                buffer.setInteger(byte ^ mask, at: index)
            }
            return buffer
        }
    }
}
