internal import Threads

/// The journal of a partial file, behind a lock of its own: the last in the order of locks (see ``PartialFile``).
final class SharedJournal: Sendable {
    /// The key for the checksums of blocks and records.
    let key: [UInt8]
    private let journal: Lock<ExtentJournal>

    init(_ journal: consuming sending ExtentJournal) {
        key = journal.key
        self.journal = Lock(journal)
    }

    /// Appends records in one write.
    func append(_ records: [JournalRecord]) throws(StorageError) {
        try journal.withLock { (journal) throws(StorageError) in try journal.append(records) }
    }

    /// Rewrites the journal without obsolete records, if most of them may be; see ``ExtentJournal/compactIfDue(as:in:keeping:)``.
    func compactIfDue(
        as name: String, in directory: ModelDirectory, keeping sources: Set<UInt16>
    ) throws(StorageError) {
        try journal.withLock { (journal) throws(StorageError) in
            try journal.compactIfDue(as: name, in: directory, keeping: sources)
        }
    }
}
