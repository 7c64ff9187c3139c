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
    let gates = HostGates()
    let reach = SourceReach()
    /// Set where the directory's lock keeps nobody out: the private part of this run's partial names.
    let tag: String?
    /// Whether the receipts say that the directory was last filled from this manifest.
    let wasFilledBefore: Bool
    private let emitter: @Sendable (DownloadEvent) -> Void
    private let ledger: Mutex<Ledger>
    private let retries = Atomic(0)

    private struct Ledger {
        var receipts: Receipts
        var isChanged = false
        var lastWrite: Duration
    }

    init(
        manifest: Manifest, options: DownloadOptions, runtime: Runtime, directory: ModelDirectory, sources: [Source],
        tag: String?, emitter: @escaping @Sendable (DownloadEvent) -> Void
    ) {
        self.manifest = manifest
        self.options = options
        self.runtime = runtime
        self.directory = directory
        self.sources = sources
        self.tag = tag
        self.emitter = emitter
        fetcher = RangeFetcher(runtime.transport)
        publisher = Publisher(directory: directory, isDurable: options.isDurable)
        var receipts = Receipts(in: directory)
        wasFilledBefore = receipts.model == manifest.name
        // Receipts of another model say nothing about this one's files, and would outlive them.
        receipts.files = receipts.files.filter { path, _ in manifest.files.contains { $0.path.string == path } }
        receipts.model = manifest.name
        ledger = Mutex(Ledger(receipts: receipts, lastWrite: .zero))
    }

    func emit(_ event: DownloadEvent) { emitter(event) }

    func countRetry() { retries.add(1, ordering: .relaxed) }
    var retryCount: Int { retries.load(ordering: .relaxed) }

    // MARK: Receipts

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

    /// Notes a file as verified; writes the receipts if the last time was over a second ago.
    func record(_ file: ManifestFile, _ digest: SHA256Digest, _ status: FileStatus) throws(StorageError) {
        let receipt = Receipts.Receipt(
            sha256: digest, pinned: file.isPinned, status: status, bootID: options.isDurable ? nil : runtime.bootID)
        let now = runtime.time.now()
        let isDue = ledger.withLock { ledger in
            ledger.receipts.files[file.path.string] = receipt
            ledger.isChanged = true
            return now - ledger.lastWrite > .seconds(1)
        }
        if isDue { try writeReceipts() }
    }

    /// Forgets a file that is no longer verified.
    func forget(_ file: ManifestFile) {
        ledger.withLock { ledger in
            if ledger.receipts.files.removeValue(forKey: file.path.string) != nil { ledger.isChanged = true }
        }
    }

    /// Writes the receipts, if there is anything new in them.
    func writeReceipts() throws(StorageError) {
        let now = runtime.time.now()
        try ledger.withLock { (ledger) throws(StorageError) in
            guard ledger.isChanged else { return }
            try ledger.receipts.write(in: directory, isDurable: options.isDurable, tag: tag)
            ledger.isChanged = false
            ledger.lastWrite = now
        }
    }
}
