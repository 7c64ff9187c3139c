internal import Hashing
internal import Storage
internal import Synchronization
internal import Transfer

/// What the tasks of one run share: the directory, the sources, the receipts, and the counters.
final class RunContext: Sendable {
    let manifest: Manifest
    let options: DownloadOptions
    let runtime: Runtime
    let directory: ModelDirectory
    let publisher: Publisher
    let sources: [Source]
    let fetcher: RangeFetcher
    let gates = RetryAfterTable()
    let reach: SourceReach
    /// Set where the directory's lock keeps nobody out: the private part of this run's partial names.
    let tag: String?
    /// Whether nothing can be written there: receipts stay as they are.
    let isReadOnly: Bool
    private let emitter: @Sendable (DownloadEvent) -> Void
    private let ledger: Mutex<Ledger>
    // Locked before `ledger` where both are: one file of receipts is written at a time, and nobody need wait for the disk to
    // record a file.
    private let writing = Mutex(WriteThrottle())
    private let retries = Atomic(0)

    private struct Ledger {
        var receipts: Receipts
        var isChanged = false
    }

    init(
        manifest: Manifest, options: DownloadOptions, runtime: Runtime, directory: ModelDirectory, sources: [Source],
        tag: String?, isReadOnly: Bool = false, emitter: @escaping @Sendable (DownloadEvent) -> Void
    ) {
        self.manifest = manifest
        self.options = options
        self.runtime = runtime
        self.directory = directory
        self.sources = sources
        self.tag = tag
        self.isReadOnly = isReadOnly
        self.emitter = emitter
        reach = SourceReach(
            origins: sources.map(\.base.origin), waits: options.waitsForNetwork, emit: emitter)
        fetcher = RangeFetcher(
            FirstContact(transport: runtime.transport, reach: reach, time: runtime.time),
            limit: TimeLimit(sleep: runtime.time.sleep))
        publisher = Publisher(directory: directory, isDurable: options.isDurable)
        var receipts = Receipts(in: directory)
        receipts.forgetOthers(than: manifest, goneFrom: directory)
        ledger = Mutex(Ledger(receipts: receipts))
    }

    func emit(_ event: DownloadEvent) { emitter(event) }

    func countRetry() { retries.add(1, ordering: .relaxed) }
    var retryCount: Int { retries.load(ordering: .relaxed) }

    // MARK: Receipts

    /// What is known of the directory's files, those of other manifests included.
    var receipts: Receipts { ledger.withLock { $0.receipts } }

    /// From now on the directory is said to be filled from this manifest.
    func claimDirectory() {
        ledger.withLock { ledger in
            guard ledger.receipts.model != manifest.name else { return }
            ledger.receipts.model = manifest.name
            // Receipts that say no more than whose they are tell nothing that the manifest's copy does not.
            ledger.isChanged = ledger.isChanged || !ledger.receipts.files.isEmpty
        }
    }

    /// A receipt that still matches the file that stands there.
    func receipt(of file: ManifestFile, _ status: FileStatus) -> Receipts.Receipt? {
        let receipt = ledger.withLock { $0.receipts.files[file.path.string] }
        guard let receipt, receipt.matches(status, bootID: runtime.bootID) else { return nil }
        guard file.sha256 == nil || file.sha256 == receipt.sha256 else { return nil }
        guard file.size == nil || file.size == receipt.size else { return nil }
        return receipt
    }

    /// The digest that a file had when it was first seen here, where the manifest has none.
    func localPin(of file: ManifestFile) -> SHA256Digest? {
        guard !file.isPinned else { return nil }
        return ledger.withLock { $0.receipts.files[file.path.string] }.flatMap { $0.pinned ? nil : $0.sha256 }
    }

    /// Notes a file as verified, and writes the receipts unless they were written a short while ago.
    ///
    /// - Parameter status: `nil` if somebody has changed the file since: what it is now is not known.
    func record(_ file: ManifestFile, _ digest: SHA256Digest, _ status: FileStatus?) throws(StorageError) {
        guard let status else { return forget(file) }
        let receipt = Receipts.Receipt(
            sha256: digest, pinned: file.isPinned, status: status, bootID: options.isDurable ? nil : runtime.bootID)
        ledger.withLock { ledger in
            ledger.receipts.files[file.path.string] = receipt
            ledger.isChanged = true
        }
        // Whoever writes them just now will not have this one, but the next will, or the end of the run.
        _ = try writing.withLockIfAvailable { (throttle) throws(StorageError) in
            if throttle.isDue(at: runtime.time.now()) { try write(&throttle) }
        }
    }

    /// Forgets a file that is no longer verified.
    func forget(_ file: ManifestFile) {
        ledger.withLock { ledger in
            if ledger.receipts.files.removeValue(forKey: file.path.string) != nil { ledger.isChanged = true }
        }
    }

    /// Writes the receipts, if there is anything new in them.
    func writeReceipts() throws(StorageError) {
        guard !isReadOnly else { return }
        try writing.withLock { (throttle) throws(StorageError) in try write(&throttle) }
    }

    private func write(_ throttle: inout WriteThrottle) throws(StorageError) {
        let changed: Receipts? = ledger.withLock { ledger in
            defer { ledger.isChanged = false }
            return ledger.isChanged ? ledger.receipts : nil
        }
        guard let changed else { return }
        let start = runtime.time.now()
        do throws(StorageError) {
            try changed.write(in: directory, isDurable: options.isDurable, tag: tag)
        } catch {
            ledger.withLock { $0.isChanged = true }
            throw error
        }
        throttle.wrote(from: start, to: runtime.time.now())
    }
}

extension Receipts {
    /// Drops receipts of files that the manifest does not know and that are no longer there. Those that are stay: several
    /// manifests may use one directory in turn.
    fileprivate mutating func forgetOthers(than manifest: Manifest, goneFrom directory: ModelDirectory) {
        let known = Set(manifest.files.map(\.path.string))
        for path in files.keys where !known.contains(path) {
            // Whatever wrote the receipts, nothing outside is looked at.
            let isThere =
                (try? ManifestPath(path)) != nil && (try? directory.status(of: path))?.kind == .regular
            if !isThere { files[path] = nil }
        }
    }
}
