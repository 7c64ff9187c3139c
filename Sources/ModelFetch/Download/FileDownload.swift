internal import Hashing
internal import Storage
internal import Threads
internal import Transfer

/// The download of one file: resumes what an earlier run left, fetches, checks and hashes, until the file is verified. It does not
/// publish the file.
final class FileDownload: Sendable {
    let context: RunContext
    let file: ManifestFile
    let path: String
    let size: Int64
    let runner: FailoverRunner
    let counters: Lock<Counters>
    /// Whether there is no digest to judge the bytes by, so that all of them must be known to be of one version of the file.
    let needsOneVersion: Bool

    struct Counters {
        /// Bytes that earlier runs had left and that were found to be right.
        var reused: Int64 = 0
        /// Whether disk space was reserved for the whole file.
        var isReserved = false
        /// Whether the rest is fetched over one connection: a digest that contradicts the expected one counts only if all bytes are of one
        /// version, and without a strong validator only the bytes of one answer are.
        var takesOneStream: Bool
        /// The sources that have delivered bytes since everything was last discarded.
        var contributors: Set<Int> = []
        /// What a digest is compared with if the manifest has none.
        var evidence: ContentEvidence
        /// How often the file was restarted with each source, because its new answer could not be shown to be of the same version.
        var restarts: [Int: Int] = [:]
        /// The version of the bytes on the disk, if their source has delivered another version since.
        var changed: SourceVersion?
    }

    /// - Parameter size: the size that the file must have.
    init(_ context: RunContext, _ file: ManifestFile, size: Int64, runner: FailoverRunner) {
        self.context = context
        self.file = file
        self.size = size
        self.runner = runner
        path = file.path.string
        let evidence = ContentEvidence(for: file, seen: context.receipts.firstSeenDigest(of: file))
        needsOneVersion = evidence.needsOneVersion
        counters = Lock(Counters(takesOneStream: needsOneVersion, evidence: evidence))
    }

    /// Bytes that earlier runs had left and that were found to be right, even if the file is not finished.
    var reusedBytes: Int64 { counters.withLock { $0.reused } }

    /// Downloads the file to its end.
    ///
    /// - Throws: a ``Failure``, or `CancellationError`. What was received is kept and recorded in any case.
    func run() async throws -> VerifiedFile {
        let names = context.partials.names(of: file)
        let partial: PartialFile
        do throws(StorageError) {
            try context.partials.takeOver(file)
            partial = try PartialFile(
                in: context.directory, names: names,
                identity: FileIdentity(path: path, size: size, sha256: file.sha256),
                key: context.runtime.random.bytes(BlockChecksummer.keyByteCount),
                leastQueued: context.runtime.leastQueued)
        } catch {
            context.partials.removeIfEmpty(file, size: size)
            throw Failure(error, file: path, kept: "nothing was fetched" + room(for: error, missing: size))
        }
        do {
            if needsOneVersion { try prepareOneVersion(partial) }
            defer { counters.withLock { $0.reused = partial.reusedBytes } }
            return try await complete(partial)
        } catch {
            // Whatever happened, what is on the disk is recorded. If that fails, the disk has failed before, and the first error counts.
            try? partial.flush()
            // Determined before an empty partial file is removed: it tells whether others removed it.
            let kept = kept(partial)
            context.partials.removeIfEmpty(file, size: size)
            context.partials.leave(file)
            if let error = error as? StorageError {
                let missing = size - partial.heldBytes - partial.claimedBytes
                throw Failure(error, file: path, kept: kept + room(for: error, missing: missing))
            }
            throw error
        }
    }

    /// What is kept of the file, for messages.
    func kept(_ partial: PartialFile) -> String {
        if context.directory.isRemoved() { return "nothing is kept: the directory was removed while the download ran" }
        if partial.isRemoved() { return "nothing is kept: its partial file was removed while the download ran" }
        return "\(roundedBytes(partial.heldBytes + partial.claimedBytes)) of \(roundedBytes(size)) is kept"
    }

    /// If the disk is full: how much more is needed, and how much is free.
    private func room(for error: StorageError, missing: Int64) -> String {
        guard error.code == .noSpace, error.underlying?.isFileSizeLimit == false,
            let free = try? context.directory.freeBytes()
        else { return "" }
        return "; \(roundedBytes(missing)) more are needed and \(roundedBytes(free)) are free"
    }
}
