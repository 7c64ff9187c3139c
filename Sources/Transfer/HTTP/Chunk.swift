/// Some bytes of a body in a buffer that goes back to its pool when the last reference to the chunk goes.
///
/// A chunk is filled by one thread, handed over whole, and then only read.
package final class Chunk: @unchecked Sendable {
    // The memory is written before the chunk is published, and only read afterwards.
    private let memory: UnsafeMutableRawBufferPointer
    private let giveBack: @Sendable (UnsafeMutableRawBufferPointer) -> Void

    /// The bytes. Valid only while the chunk is referenced: use inside `withExtendedLifetime` or through `withBytes`.
    package let count: Int

    /// - Parameters:
    ///   - memory: a buffer whose first `count` bytes are the chunk's.
    ///   - giveBack: takes the whole buffer back, from any thread.
    package init(
        owning memory: UnsafeMutableRawBufferPointer, count: Int,
        giveBack: @escaping @Sendable (UnsafeMutableRawBufferPointer) -> Void
    ) {
        precondition(count >= 0 && count <= memory.count)
        self.memory = memory
        self.count = count
        self.giveBack = giveBack
    }

    /// A chunk with a copy of `bytes`, for fakes and tests.
    package convenience init(copying bytes: some Collection<UInt8>) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 16)
        UnsafeMutableRawBufferPointer(rebasing: memory[..<bytes.count]).copyBytes(from: bytes)
        self.init(owning: memory, count: bytes.count) { $0.deallocate() }
    }

    deinit { giveBack(memory) }

    /// A part of this chunk, without a copy: it keeps the whole buffer from its pool for as long as it lives.
    package func slice(_ range: Range<Int>) -> Chunk {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        if range == 0..<count { return self }
        let part = UnsafeMutableRawBufferPointer(rebasing: memory[range])
        return Chunk(owning: part, count: part.count) { [self] _ in withExtendedLifetime(self) {} }
    }

    /// Lends the bytes for the duration of the call.
    package func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
    }
}
