package import Hashing

/// Hashing the file to its end, and comparing the digest.
extension PartialFile {
    /// Hashes the file as its bytes become held, until all of it is hashed: reads back what no writer and no check could hash from
    /// memory. It waits, without a thread, while the byte that continues the prefix is missing.
    ///
    /// One task at a time may run it. If bytes are discarded, it starts over where necessary.
    ///
    /// - Throws: ``StorageError`` if the file cannot be read or was truncated, or `CancellationError`.
    package func keepHashing() async throws { try await hasher.keepHashing() }

    /// Reads back and hashes up to 1 MiB that continues the hashed prefix.
    ///
    /// - Returns: whether there was anything to hash.
    package func catchUp() throws(StorageError) -> Bool { try hasher.catchUp() }

    /// What the digest of the complete file shows.
    package enum Completion {
        case verified(VerifiedFile)
        case mismatch(actual: SHA256Digest)
        /// The manifest has no digest to compare with, and nothing else shows that the bytes belong to one version.
        case unproven(actual: SHA256Digest, Provenance)
    }

    /// Compares the digest of the complete file with the manifest's. A mismatch is recorded in the journal. The next hash begins
    /// at byte 0.
    ///
    /// - Parameter accepts: decides, if the manifest has no digest, whether a file with this digest and origin is accepted.
    package func finish(
        accepting accepts: (SHA256Digest, Provenance) -> Bool = { _, _ in false }
    ) throws(StorageError) -> Completion {
        precondition(isComplete, "a file is finished when every byte is held")
        while try catchUp() {}
        try flush()
        let digest = hasher.finish()
        guard let expected = identity.sha256 else {
            // An empty file cannot be a mixture of versions.
            let provenance = identity.size == 0 ? .nothing : state.withLock { $0.provenance }
            guard accepts(digest, provenance) else { return .unproven(actual: digest, provenance) }
            return .verified(VerifiedFile(matched: file, names: names, identity: identity, digest: digest))
        }
        guard expected == digest else {
            state.withLock { $0.failedDigest = digest }
            try journal.append([.digestFailed(digest)])
            return .mismatch(actual: digest)
        }
        return .verified(VerifiedFile(matched: file, names: names, identity: identity, digest: digest))
    }
}
