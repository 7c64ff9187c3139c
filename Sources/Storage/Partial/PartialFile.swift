package import Hashing

/// A file whose download is not finished: the bytes so far, which of them are good, and the hash of its prefix.
///
/// Bytes are written at any offset by ``ExtentWriter``s, recorded in a journal as they come, and hashed from memory where they
/// continue the hashed prefix; the rest is read back when the prefix reaches it. What an earlier run recorded is only a claim
/// until ``checkNext()`` has read it back; it is not fetched again meanwhile.
///
/// All methods block on the disk. Several threads may write; the methods that check and hash belong to one caller at a time.
package final class PartialFile: Sendable {
    package let identity: FileIdentity
    package let names: PartialNames
    let directory: ModelDirectory
    let file: OpenFile
    let state: SharedPartialState
    let hasher: PrefixHasher

    /// See ``init(in:names:identity:key:)``.
    init(
        in directory: ModelDirectory, names: PartialNames, identity: FileIdentity, file: OpenFile,
        state: SharedPartialState
    ) {
        self.directory = directory
        self.names = names
        self.identity = identity
        self.file = file
        self.state = state
        hasher = PrefixHasher(of: file) { offset, limit in
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

    // MARK: Writing

    /// Reserves disk space for the whole file, if the file system supports it.
    ///
    /// - Throws: ``StorageError/Code/noSpace`` if there is not enough. Any other failure of the call is ignored: the file can be
    ///   written without a reservation.
    package func reserve() throws(StorageError) {
        do throws(DiskError) {
            try directory.disk.preallocate(file.descriptor, identity.size)
        } catch  where error.isSpace {
            guard !error.isFileSizeLimit, let there = try? file.status().allocated,
                let free = try? directory.freeBytes()
            else {
                throw StorageError("cannot reserve \(identity.size) bytes", file.path, error)
            }
            throw StorageError(
                .noSpace, path: file.path,
                reason: "\(max(identity.size - there, 0)) bytes are needed and \(free) are free", underlying: error)
        } catch {}
    }

    /// A writer for bytes of a version, one for each connection.
    ///
    /// The version becomes the one that its source gave last. Bytes that came from this source under another validator are then
    /// suspect: they are kept, and are the first to be discarded if the digest is wrong.
    package func writer(for version: SourceVersion) throws(StorageError) -> ExtentWriter {
        let (writer, source) = try state.withLock { (state) throws(StorageError) in
            (state.addWriter(), try state.number(of: version))
        }
        return ExtentWriter(writer, source: source, file: file, size: identity.size, state: state, hasher: hasher)
    }

    /// Records everything that was written and is not recorded yet.
    package func flush() throws(StorageError) {
        try state.withLock { (state) throws(StorageError) in
            try state.record()
            try state.journal.compactIfDue(as: names.journal, in: directory)
        }
    }
}
