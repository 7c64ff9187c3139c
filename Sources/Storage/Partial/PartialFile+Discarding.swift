/// Discarding bytes that are wrong, or that may be.
extension PartialFile {
    /// The bytes that were discarded after the digest was wrong.
    package enum Discarded: Sendable {
        /// Those whose source has given another validator since; the others are kept.
        case suspect
        /// Those that another tool left; the others are kept.
        case foundHere
    }

    /// Discards the bytes that most likely made the digest wrong, if they are distinguished from the others.
    ///
    /// - Returns: which those were; `nil` if nothing was discarded.
    package func discardDoubtful() throws(StorageError) -> Discarded? {
        let (discarded, ranges): (Discarded?, [Range<Int64>]) = state.withLock { state in
            let total = state.everything.reduce(0) { $0 + $1.range.count }
            for (kind, part) in [(Discarded.suspect, state.suspects), (.foundHere, state.foundRanges)] {
                let count = part.reduce(0) { $0 + $1.count }
                if count > 0, count < total { return (kind, part) }
            }
            return (nil, [])
        }
        for range in ranges { try void(range) }
        return discarded
    }

    /// Discards everything that does not belong to one version that can be resumed: for a file without a digest.
    ///
    /// - Parameter sources: the sources of this run; bytes from any other are discarded.
    /// - Returns: the number of held or claimed bytes that were discarded.
    package func keepOneVersion(of sources: Set<SourceID>) throws(StorageError) -> Int64 {
        let ranges = state.withLock { $0.rangesBesideOneVersion(of: sources, size: identity.size) }
        for range in ranges { try void(range) }
        return ranges.reduce(0) { $0 + Int64($1.count) }
    }

    /// Discards a range: it is fetched again, and no earlier record of it counts any more. Bytes of it that are being written or
    /// checked at the moment are discarded as well.
    package func void(_ range: Range<Int64>) throws(StorageError) {
        guard !range.isEmpty else { return }
        try hasher.discard(range) { () throws(StorageError) in
            try writers.discard(range) { () throws(StorageError) in
                try journal.append([.void(range)])
                state.withLock { $0.void(range) }
            }
        }
    }
}
