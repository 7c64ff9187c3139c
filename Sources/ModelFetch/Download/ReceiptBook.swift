internal import Hashing
internal import Storage
internal import Threads

/// The receipts of the directory during a run: which files are verified, and when that is written down.
final class ReceiptBook: Sendable {
    /// How the receipts are written.
    struct Writing: Sendable {
        /// Whether nothing can be written: the receipts on the disk stay as they are.
        var isReadOnly = false
        /// Whether files and names are made durable before they are recorded. A receipt of any other file is valid until the
        /// next boot only.
        var isDurable = true
        /// See ``RunPartials``.
        var tag: String?
    }

    private let directory: ModelDirectory
    private let manifest: Manifest
    private let writing: Writing
    private let bootID: String?
    private let time: Time
    private let ledger: Lock<Ledger>
    // Locked before `ledger` where both are: the file is written by one task at a time, and recording a file never waits for the
    // disk.
    private let throttle = Lock(WriteThrottle())

    private struct Ledger {
        var receipts: Receipts
        var isChanged = false
    }

    /// Reads the directory's receipts, and drops those of files that are gone.
    init(of directory: ModelDirectory, for manifest: Manifest, writing: Writing, runtime: Runtime) {
        self.directory = directory
        self.manifest = manifest
        self.writing = writing
        bootID = runtime.bootID
        time = runtime.time
        var receipts = Receipts(in: directory)
        receipts.forgetOthers(than: manifest, goneFrom: directory)
        ledger = Lock(Ledger(receipts: receipts))
    }

    // MARK: Reading

    /// All receipts, including those of other manifests' files.
    var all: Receipts { ledger.withLock { $0.receipts } }

    /// The receipt of a file, if it still holds (``Receipts/valid(for:_:bootID:)``).
    func valid(for file: ManifestFile, _ status: FileStatus) -> Receipts.Receipt? {
        ledger.withLock { $0.receipts.valid(for: file, status, bootID: bootID) }
    }

    /// The digest that a file had when it was first seen in this directory, if the manifest has none.
    func firstSeenDigest(of file: ManifestFile) -> SHA256Digest? {
        ledger.withLock { $0.receipts.firstSeenDigest(of: file) }
    }

    // MARK: Changing

    /// Notes that the directory is filled from this manifest from now on.
    func claimDirectory() {
        ledger.withLock { ledger in
            guard ledger.receipts.model != manifest.name else { return }
            ledger.receipts.model = manifest.name
            // Without a file, receipts say nothing that the manifest's copy does not say.
            ledger.isChanged = ledger.isChanged || !ledger.receipts.files.isEmpty
        }
    }

    /// Notes a file as verified, and writes the receipts unless they were written a short while ago.
    ///
    /// - Parameter status: `nil` if the file was changed after it was verified, so that its state is not known.
    func record(_ file: ManifestFile, _ digest: SHA256Digest, _ status: FileStatus?) throws(StorageError) {
        guard let status else { return forget(file) }
        let receipt = Receipts.Receipt(
            sha256: digest, pinned: file.isPinned, status: status, bootID: writing.isDurable ? nil : bootID)
        ledger.withLock { ledger in
            ledger.receipts.files[file.path.string] = receipt
            ledger.isChanged = true
        }
        // If another task is writing just now, this receipt is written the next time, or at the end of the run.
        _ = try throttle.withLockIfAvailable { (throttle) throws(StorageError) in
            if throttle.isDue(at: time.now()) { try write(&throttle) }
        }
    }

    /// Forgets a file that is no longer verified.
    func forget(_ file: ManifestFile) {
        ledger.withLock { ledger in
            if ledger.receipts.files.removeValue(forKey: file.path.string) != nil { ledger.isChanged = true }
        }
    }

    // MARK: Writing

    /// Writes the receipts if they have changed.
    func write() throws(StorageError) {
        guard !writing.isReadOnly else { return }
        try throttle.withLock { (throttle) throws(StorageError) in try write(&throttle) }
    }

    private func write(_ throttle: inout WriteThrottle) throws(StorageError) {
        let changed: Receipts? = ledger.withLock { ledger in
            defer { ledger.isChanged = false }
            return ledger.isChanged ? ledger.receipts : nil
        }
        guard let changed else { return }
        let start = time.now()
        do throws(StorageError) {
            try changed.write(in: directory, isDurable: writing.isDurable, tag: writing.tag)
        } catch {
            ledger.withLock { $0.isChanged = true }
            throw error
        }
        throttle.wrote(from: start, to: time.now())
    }
}
