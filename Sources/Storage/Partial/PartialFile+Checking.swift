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

    /// Reads back one extent that an earlier run recorded, the one with the lowest offset, and compares its checksum. Several
    /// threads may do so at once, each with another extent.
    ///
    /// - Returns: `nil` when no claim is left to check; others may still be checking theirs.
    package func checkNext() throws(StorageError) -> Check? {
        guard let claim = state.withLock({ $0.beginCheck() }) else { return nil }
        defer { state.withLock { $0.end(claim.range) } }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: claim.range.count, alignment: 4096)
        defer { buffer.deallocate() }
        let isHeld: Bool
        do throws(StorageError) {
            let isWhole = try file.read(into: buffer, at: claim.range.lowerBound) == claim.range.count
            isHeld = try settle(claim, isWhole ? UnsafeRawBufferPointer(buffer) : nil)
        } catch {
            // It stays a claim: nothing is known about it yet.
            state.withLock { $0.putBack(claim) }
            throw error
        }
        guard isHeld else { return .lost(claim.range) }
        hasher.offer(LentBytes(UnsafeRawBufferPointer(buffer)), at: claim.range)
        return .held(claim.range)
    }

    /// Decides about a claim and records what follows from that.
    ///
    /// - Parameter bytes: its bytes in the file; `nil` if the file is shorter.
    /// - Returns: whether the claim is held.
    private func settle(_ claim: JournalContents.Claim, _ bytes: UnsafeRawBufferPointer?) throws(StorageError) -> Bool {
        var actual: BlockChecksum?
        if let bytes {
            var summer = BlockChecksummer(key: journal.key)
            actual = summer.checksum(of: bytes, at: claim.range.lowerBound, domain: .block)
        }
        let isRight = actual != nil && (claim.checksum == nil || claim.checksum == actual)
        if isRight, claim.checksum != nil {
            // Its record is in the journal already.
            return state.withLock { $0.settle(claim, isRight: true) }
        }
        return try writers.withoutDiscarding { () throws(StorageError) in
            if let actual, isRight, !state.withLock({ $0.isDiscarded(claim.range) }) {
                // Bytes that another tool left get a record when they are first read; from then on they are like our own.
                try journal.append([.extent(claim.range, source: claim.source, checksum: actual)])
            } else {
                try journal.append([.void(claim.range)])
            }
            return state.withLock { $0.settle(claim, isRight: isRight) }
        }
    }
}
