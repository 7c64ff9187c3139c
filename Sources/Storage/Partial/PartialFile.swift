package import Hashing

/// A file whose download is not finished: the bytes so far, which of them are good, and the hash of its prefix.
///
/// Bytes are written at any offset by ``ExtentWriter``s, recorded in a journal as they come, and hashed from memory where they
/// continue the hashed prefix; the rest is read back when the prefix reaches it. What an earlier run recorded is only a claim
/// until ``checkNext()`` has read it back; it is not fetched again meanwhile.
///
/// All methods block on the disk, except ``keepHashing()`` while there is nothing to hash. Several threads may write, check and
/// discard at once.
///
/// **Locks.** There are five kinds, always taken in this order:
/// 1. of the ``PrefixHasher``: held while bytes are hashed, and while any are discarded; then that of its queue, for moments;
/// 2. of ``OpenExtents``: held while a writer is made or ends, while bytes are discarded, and while all extents are recorded;
/// 3. of each ``WriterExtent``, in the order in which the writers were made: held while bytes that were written become held, are
///    added to the checksum and are recorded;
/// 4. of ``SharedPartialState``: held for moments;
/// 5. of the ``SharedJournal``: held while records are written. It and the lock of the state are never held at the same time.
///
/// No lock is held while bytes are written to the file. A writer that finds the hasher locked goes on without it; see
/// ``PrefixHasher`` for who hashes those bytes.
package final class PartialFile: Sendable {
    package let identity: FileIdentity
    package let names: PartialNames
    let directory: ModelDirectory
    let file: OpenFile
    let state: SharedPartialState
    let journal: SharedJournal
    let writers: OpenExtents
    let hasher: PrefixHasher

    /// See ``init(in:names:identity:key:leastQueued:)``.
    init(
        in directory: ModelDirectory, names: PartialNames, identity: FileIdentity, file: OpenFile,
        journal: SharedJournal, contents: JournalContents, leastQueued: Int
    ) {
        self.directory = directory
        self.names = names
        self.identity = identity
        self.file = file
        self.journal = journal
        writers = OpenExtents(journal: journal)
        let state = SharedPartialState(contents)
        self.state = state
        hasher = PrefixHasher(of: file, size: identity.size, leastQueued: leastQueued) { offset, limit in
            state.withLock { $0.held.contiguousEnd(from: offset, limit: limit) }
        }
    }

    // MARK: What is held

    /// The number of bytes that were checked, or written by this run.
    package var heldBytes: Int64 { state.withLock { $0.held.byteCount } }

    /// The number of held bytes that an earlier run received.
    package var reusedBytes: Int64 { state.withLock { $0.held.byteCount - $0.fresh.byteCount } }

    /// The number of bytes that an earlier run recorded and that are still to be checked.
    package var claimedBytes: Int64 { state.withLock { $0.claimed.byteCount } }

    /// The number of bytes hashed so far.
    package var hashedBytes: Int64 { hasher.position }

    /// The disk space that the file occupies, in bytes, reserved space included.
    package func allocatedBytes() throws(StorageError) -> Int64 { try file.status().allocated }

    /// Whether every byte is held.
    package var isComplete: Bool { state.withLock { $0.held.contains(0..<identity.size) } }

    /// The digest of the complete file when it was last compared and did not match, if nothing has changed since.
    package var failedDigest: SHA256Digest? { state.withLock { $0.failedDigest } }

    /// The first range at or after `offset` that is neither held nor claimed.
    package func firstGap(from offset: Int64 = 0) -> Range<Int64>? {
        state.withLock { $0.firstGap(from: offset, size: identity.size) }
    }

    /// Everything that is neither held nor claimed.
    package var gaps: RangeSet<Int64> { state.withLock { $0.gaps(size: identity.size) } }

    /// Whether no byte is held or claimed.
    package var isEmpty: Bool { state.withLock { $0.everything.isEmpty } }

    /// Whether the file's last name was removed, so that its bytes are gone when it is closed.
    package func isRemoved() -> Bool { (try? file.status())?.links == 0 }

    // MARK: Where the bytes came from

    /// The validator that a source gave last; `nil` if it gave none.
    package func validator(of source: SourceID) -> String? { state.withLock { $0.versions.validator(of: source) } }

    /// Whether a source has given several validators.
    package func hasChanged(_ source: SourceID) -> Bool { state.withLock { $0.versions.hasChanged(source) } }

    /// The one version that all held and claimed bytes belong to; `nil` if there are no such bytes, or it is unknown.
    package var soleVersion: SourceVersion? { state.withLock { $0.soleVersion } }
}
