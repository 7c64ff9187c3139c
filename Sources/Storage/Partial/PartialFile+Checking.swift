internal import Hashing

/// Reading back what an earlier run recorded.
extension PartialFile {
    /// What became of a claim.
    package enum Check: Sendable {
        /// The bytes are right, and held.
        case held(Range<Int64>)
        /// The bytes differ from what was written; they were discarded, to be fetched again.
        case lost(Range<Int64>)
    }

    /// Reads back one extent that an earlier run recorded, and compares its checksum.
    ///
    /// - Returns: `nil` when no claim is left.
    package func checkNext() throws(StorageError) -> Check? {
        guard let claim = state.withLock({ $0.beginCheck() }) else { return nil }
        defer { state.withLock { $0.end(claim.range) } }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: claim.range.count, alignment: 4096)
        defer { buffer.deallocate() }
        let isWhole: Bool
        do throws(StorageError) {
            isWhole = try file.read(into: buffer, at: claim.range.lowerBound) == claim.range.count
        } catch {
            // It stays a claim: nothing is known about it yet.
            state.withLock { $0.claims.append(claim) }
            throw error
        }
        let lent = LentBytes(UnsafeRawBufferPointer(buffer))
        var summer = BlockChecksummer(key: state.withLock { $0.journal.key })
        let actual = summer.checksum(of: lent.bytes, at: claim.range.lowerBound, domain: .block)
        let isGood = try state.withLock { (state) throws(StorageError) in
            // If a part of it was discarded while it was read, all of it is.
            let isClaimed = state.claimed.contains(claim.range)
            state.claimed.remove(claim.range)
            guard isClaimed, isWhole, claim.checksum == nil || claim.checksum == actual else {
                try state.journal.append([.void(claim.range)])
                return false
            }
            // Bytes that another tool left get a record when they are first read; from then on they are like our own.
            if claim.checksum == nil {
                try state.journal.append([.extent(claim.range, source: claim.source, checksum: actual)])
            }
            state.held.insert(claim.range, source: claim.source)
            return true
        }
        guard isGood else { return .lost(claim.range) }
        hasher.feed(lent, at: claim.range)
        return .held(claim.range)
    }
}
