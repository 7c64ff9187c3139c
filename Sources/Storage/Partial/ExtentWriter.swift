/// Writes the bytes of one connection into a partial file: only those that are missing, each recorded under one version.
///
/// Writers of one file may be used on several threads at once; one writer belongs to one caller at a time. What it wrote is
/// recorded in the journal every 256 KiB, and by ``PartialFile/flush()``, whether the writer still exists or not.
///
/// The order is: bytes into the file, then their record. The checksum of the open extent is kept under the lock of the state
/// (``OpenExtents``), because discarding a range must first record every open extent that reaches into it.
package final class ExtentWriter: Sendable {
    /// The number under which the bytes are recorded.
    let source: UInt16
    private let writer: Int
    private let file: OpenFile
    private let size: Int64
    private let state: SharedPartialState
    private let hasher: PrefixHasher

    init(_ writer: Int, source: UInt16, file: OpenFile, size: Int64, state: SharedPartialState, hasher: PrefixHasher) {
        self.writer = writer
        self.source = source
        self.file = file
        self.size = size
        self.state = state
        self.hasher = hasher
    }

    /// Writes bytes at their offset in the file, records them, and hashes them if they continue the prefix.
    ///
    /// Bytes that are already held or claimed, or that another writer is writing, are skipped.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(StorageError) {
        let range = offset..<offset + Int64(bytes.count)
        precondition(range.upperBound <= size, "the caller refuses bytes beyond the end of the file")
        let missing = state.withLock { $0.begin(range) }
        // Ended only after hashing: until then no other bytes may be written there, even if these were discarded meanwhile.
        defer { state.withLock { state in for part in missing { state.end(part) } } }
        for part in missing {
            let (start, end) = (Int(part.lowerBound - offset), Int(part.upperBound - offset))
            try write(missing: UnsafeRawBufferPointer(rebasing: bytes[start..<end]), at: part)
        }
    }

    private func write(missing bytes: UnsafeRawBufferPointer, at range: Range<Int64>) throws(StorageError) {
        try file.write(bytes, at: range.lowerBound)
        let lent = LentBytes(bytes)
        let writeback = try state.withLock { (state) throws(StorageError) in
            try state.add(lent.bytes, range, source: source, writer: writer)
        }
        if let writeback { file.disk.startWriteback(file.descriptor, writeback) }
        try hasher.offer(lent, at: range)
    }
}
