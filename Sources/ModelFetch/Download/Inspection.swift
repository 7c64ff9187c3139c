internal import Hashing
internal import Storage

/// Determines what exists under the final names before anything is fetched.
struct Inspection: Sendable {
    private let context: RunContext

    init(_ context: RunContext) { self.context = context }

    /// The state of a file. Hashes the file unless it has a valid receipt.
    ///
    /// - Throws: `StorageError` if it cannot be read or is not a regular file, and `CancellationError`.
    func state(of file: ManifestFile) throws -> FileState {
        let path = file.path.string
        guard let status = try context.directory.status(of: path) else { return .absent }
        let receipt = context.receipts.valid(for: file, status)
        if !context.options.recheck, let receipt { return .verified(receipt.sha256) }
        guard let stored = try StoredFile(path, in: context.directory) else { return .absent }
        // A file of another size need not be read.
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
        // A digest on which two sources agreed against the expected one was recorded, and is not in doubt again.
        if !file.isPinned, let expected = file.expected?.sha256, expected != digest,
            context.receipts.firstSeenDigest(of: file) != digest
        {
            return .wrong(stored, isRot: false)
        }
        // Without a digest in the manifest, a file that is no longer what was first seen here is wrong.
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
