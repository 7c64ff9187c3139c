internal import Hashing
internal import Storage

/// Finds out what stands under the final names before anything is fetched.
struct Inspection: Sendable {
    private let context: RunContext

    init(_ context: RunContext) { self.context = context }

    /// What stands under a file's final name. Hashes it, unless a receipt tells.
    ///
    /// - Throws: `StorageError` for what cannot be read or is no regular file, and `CancellationError`.
    func state(of file: ManifestFile) throws -> FileState {
        let path = file.path.string
        guard let status = try context.directory.status(of: path) else { return .absent }
        let receipt = context.receipts.valid(for: file, status)
        if !context.options.recheck, let receipt { return .verified(receipt.sha256) }
        guard let stored = try StoredFile(path, in: context.directory) else { return .absent }
        // A known size that differs spares the reading.
        if let size = file.plannedSize, size != stored.status.size { return .wrong(stored, isRot: false) }
        context.emit(.phase(path: path, .hashing))
        let digest: SHA256Digest
        do throws(StoredFileError) {
            digest = try stored.digest { _ throws(CancellationError) in
                if Task.isCancelled { throw CancellationError() }
            }
        } catch {
            switch error {
            case .storage(let error): throw error
            case .cancelled: throw CancellationError()
            }
        }
        // What two sources have contradicted once, and was noted, is not in doubt again.
        if !file.isPinned, let expected = file.expected?.sha256, expected != digest,
            context.receipts.firstSeenDigest(of: file) != digest
        {
            return .wrong(stored, isRot: false)
        }
        // The manifest cannot say that it is right; that it is no longer what was seen first says that it is not.
        let isRot = receipt != nil && status.hasFineTimes
        if let pin = context.receipts.firstSeenDigest(of: file), pin != digest { return .wrong(stored, isRot: isRot) }
        let identity = FileIdentity(path: path, size: stored.status.size, sha256: file.sha256)
        guard let verified = stored.verified(digest, as: identity) else { return .wrong(stored, isRot: isRot) }
        if !context.isReadOnly {
            try context.receipts.record(file, digest, try context.publisher.adopt(verified, hashedAs: stored.status))
        }
        return .verified(digest)
    }
}
