internal import NIOCore
internal import SeededRandom

/// A block of random bytes that stands for a file of any size, over and over.
///
/// Its length is the largest prime below 1 MiB: power-of-two offsets all fall on different places of the block, so bytes
/// that a client writes to the wrong offset are wrong bytes.
struct SyntheticBlock: Sendable {
    static let period = 1_048_573

    private let bytes: ByteBuffer

    init(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var bytes = ByteBufferAllocator().buffer(capacity: Self.period + 8)
        while bytes.readableBytes < Self.period { bytes.writeInteger(random.next(), endianness: .little) }
        bytes.moveWriterIndex(to: Self.period)
        self.bytes = bytes
    }

    /// The bytes at `offset`, up to the block's end: they share the block's memory.
    func slice(at offset: Int64, upTo count: Int) -> ByteBuffer? {
        let start = Int(offset % Int64(Self.period))
        return bytes.getSlice(at: start, length: min(count, Self.period - start))
    }
}
