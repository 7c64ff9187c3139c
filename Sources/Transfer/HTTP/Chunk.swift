/// Some bytes of a body, in a buffer that returns to its pool when the last reference to the chunk is released.
///
/// A chunk is filled by one thread, then shared, and from then on only read.
package final class Chunk: @unchecked Sendable {
    // The memory is written before the chunk is shared, and only read afterwards.
    private let memory: UnsafeMutableRawBufferPointer
    private let giveBack: @Sendable (UnsafeMutableRawBufferPointer) -> Void

    /// The number of bytes.
    package let count: Int

    /// - Parameters:
    ///   - memory: a buffer whose first `count` bytes belong to the chunk.
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

    /// Copies `bytes`, for fakes and tests.
    package convenience init(copying bytes: some Collection<UInt8>) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 16)
        UnsafeMutableRawBufferPointer(rebasing: memory[..<bytes.count]).copyBytes(from: bytes)
        self.init(owning: memory, count: bytes.count) { $0.deallocate() }
    }

    deinit { giveBack(memory) }

    /// A part of this chunk that shares its memory and so keeps the whole buffer in use.
    package func slice(_ range: Range<Int>) -> Chunk {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        if range == 0..<count { return self }
        let part = UnsafeMutableRawBufferPointer(rebasing: memory[range])
        return Chunk(owning: part, count: part.count) { [self] _ in withExtendedLifetime(self) {} }
    }

    /// Calls `body` with the bytes. They stay where they are for as long as the chunk exists.
    package func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
    }
}
