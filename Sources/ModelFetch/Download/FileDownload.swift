internal import Hashing
internal import Storage
internal import Synchronization
internal import Transfer

/// One file on its way from whatever is there to verified: resumes, fetches, checks, hashes; never publishes.
final class FileDownload: Sendable {
    let context: RunContext
    let file: ManifestFile
    let path: String
    let size: Int64
    let runner: FailoverRunner
    let counters: Mutex<Counters>
    /// Whether no digest will judge the bytes, so that they must be known to be those of one version.
    let needsOneVersion: Bool

    struct Counters {
        var reused: Int64 = 0
        /// Whether disk was asked for the whole file.
        var isReserved = false
        /// The sources whose bytes came since the last time that everything was given up.
        var contributors: Set<Int> = []
        /// What a digest is held against where the manifest has none.
        var evidence: ContentEvidence
        /// How often the file was begun anew with each source, because nothing shows that what came is of one version with what comes.
        var restarts: [Int: Int] = [:]
        /// The version of which bytes are here, if its source has given another one since.
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
        counters = Mutex(Counters(evidence: evidence))
    }

    /// Bytes of the finished file that were there before.
    var reusedBytes: Int64 { counters.withLock { $0.reused } }

    /// Brings the file to its end.
    ///
    /// - Throws: ``Failure``, or `CancellationError`. What was received is kept and recorded either way.
    func run() async throws -> VerifiedFile {
        let names = context.partials.names(of: file)
        let partial: PartialFile
        do throws(StorageError) {
            try context.partials.takeOver(file)
            partial = try PartialFile(
                in: context.directory, names: names,
                identity: FileIdentity(path: path, size: size, sha256: file.sha256),
                key: context.runtime.random.bytes(BlockChecksummer.keyByteCount))
        } catch {
            context.partials.removeIfEmpty(file, size: size)
            throw Failure(error, file: path, kept: "nothing was fetched" + room(for: error, missing: size))
        }
        do {
            if needsOneVersion { try prepareOneVersion(partial) }
            let verified = try await complete(partial)
            counters.withLock { $0.reused = partial.reusedBytes }
            return verified
        } catch {
            // Whatever happened, what is on the disk is worth its record; a disk that fails now has failed before.
            try? partial.flush()
            // Asked before we remove a partial ourselves: here it matters what others removed.
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

    func kept(_ partial: PartialFile) -> String {
        if context.directory.isRemoved() { return "nothing is kept: the directory was removed while the download ran" }
        if partial.isRemoved() { return "nothing is kept: its partial file was removed while the download ran" }
        return "\(partial.heldBytes + partial.claimedBytes) of \(size) bytes are kept"
    }

    /// Where the disk is full: how much more is needed, and how much there is.
    private func room(for error: StorageError, missing: Int64) -> String {
        guard error.code == .noSpace, error.underlying?.isFileSizeLimit == false,
            let free = try? context.directory.freeBytes()
        else { return "" }
        return "; \(missing) more bytes are needed and \(free) are free"
    }
}
