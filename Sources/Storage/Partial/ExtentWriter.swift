/// Writes the bytes of one connection into a partial file: only those that are missing, each recorded under one version.
///
/// Writers of one file may be used on several threads at once; one writer belongs to one caller at a time. What it wrote is
/// recorded in the journal every 256 KiB, by ``flush()``, by ``finish()``, and by ``PartialFile/flush()``, whether the writer
/// still exists or not.
///
/// The order is: bytes into the file, then their record.
package final class ExtentWriter: Sendable {
    private let extent: WriterExtent
    private let partial: PartialFile

    init(_ extent: WriterExtent, of partial: PartialFile) {
        self.extent = extent
        self.partial = partial
    }

    deinit { extent.abandon() }

    /// The number under which the bytes are recorded.
    var source: UInt16 { extent.source }

    /// Writes bytes at their offset in the file, records them, and hashes them if they continue the prefix.
    ///
    /// Bytes that are already held or claimed, or that another writer is writing, are skipped. So are bytes that are discarded
    /// (``PartialFile/void(_:)``) while they are being written, with those that were written together with them.
    ///
    /// - Parameter owner: what keeps the bytes in memory, unchanged, for as long as it exists; then they can be hashed after the call.
    /// - Returns: what was missing and is held now, in order. The other bytes are duplicates, or have to be fetched again.
    @discardableResult
    package func write(
        _ bytes: UnsafeRawBufferPointer, at offset: Int64, keptBy owner: (any AnyObject & Sendable)? = nil
    ) throws(StorageError) -> [Range<Int64>] {
        let range = offset..<offset + Int64(bytes.count)
        precondition(range.upperBound <= partial.identity.size, "the caller refuses bytes beyond the end of the file")
        let missing = partial.state.withLock { $0.begin(range) }
        // Ended only after hashing: until then no other bytes may be written there, even if these were discarded meanwhile.
        defer { partial.state.withLock { state in for part in missing { state.end(part) } } }
        var accepted: [Range<Int64>] = []
        for part in missing {
            let (start, end) = (Int(part.lowerBound - offset), Int(part.upperBound - offset))
            let bytes = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            if try write(missing: bytes, at: part, keptBy: owner) { accepted.append(part) }
        }
        return accepted
    }

    /// Records what was written and is not recorded yet.
    package func flush() throws(StorageError) {
        try extent.withLock { (extent) throws(StorageError) in
            try extent.record { (records) throws(StorageError) in try partial.journal.append(records) }
        }
    }

    /// Records what was written and is not recorded yet. Nothing may be written with this writer afterwards.
    package func finish() throws(StorageError) { try partial.writers.finish(extent) }

    /// - Returns: whether the bytes are held.
    private func write(
        missing bytes: UnsafeRawBufferPointer, at range: Range<Int64>, keptBy owner: (any AnyObject & Sendable)?
    ) throws(StorageError) -> Bool {
        let (file, lent) = (partial.file, LentBytes(bytes))
        try file.write(bytes, at: range.lowerBound)
        let written = try extent.withLock { (extent) throws(StorageError) in
            let written = partial.state.withLock { $0.hold(range, source: source) }
            // Whatever discards bytes that are held needs this lock, too, so it comes after they are recorded or in the extent.
            if case .held = written, extent.add(lent.bytes, at: range.lowerBound) {
                try extent.recordDue { (records) throws(StorageError) in try partial.journal.append(records) }
            }
            return written
        }
        guard case .held(let writeback) = written else { return false }
        if let writeback { file.disk.startWriteback(file.descriptor, writeback) }
        partial.hasher.offer(lent, at: range, owner: owner)
        return true
    }
}
