internal import NIOCore
internal import SeededRandom

/// A block of random bytes that is repeated to make a file of any size.
///
/// Its length is the largest prime below 1 MiB, so that offsets that are powers of two fall on different bytes of the
/// block. Bytes that a client writes to a wrong offset are therefore wrong.
struct SyntheticBlock: Sendable {
    static let period = 1_048_573

    private let bytes: ByteBuffer

    init(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var bytes = ByteBufferAllocator().buffer(capacity: Self.period + 8)
        // Not one integer after the other with the buffer's own method, which takes half a second in a debug build.
        bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.period + 8) { memory in
            for offset in stride(from: 0, to: Self.period, by: 8) {
                memory.storeBytes(of: random.next().littleEndian, toByteOffset: offset, as: UInt64.self)
            }
            return Self.period
        }
        self.bytes = bytes
    }

    /// The bytes from `offset` to the end of the block at most; they share the memory of the block.
    func slice(at offset: Int64, upTo count: Int) -> ByteBuffer? {
        let start = Int(offset % Int64(Self.period))
        return bytes.getSlice(at: start, length: min(count, Self.period - start))
    }
}
