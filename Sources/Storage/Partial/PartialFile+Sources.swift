/// Which source the bytes came from.
extension PartialFile {
    /// The number of held or claimed bytes of each source. Bytes that another tool left are not counted.
    package var bytesBySource: [SourceID: Int64] {
        state.withLock { state in
            var bytes: [SourceID: Int64] = [:]
            for extent in state.everything {
                guard let source = state.versions[extent.source]?.source else { continue }
                bytes[source, default: 0] += Int64(extent.range.count)
            }
            return bytes
        }
    }

    /// Discards everything that came from a source.
    package func discard(from source: SourceID) throws(StorageError) {
        let ranges = state.withLock { state in
            state.everything.filter { state.versions[$0.source]?.source == source }.map(\.range)
        }
        for range in ranges { try void(range) }
    }
}
