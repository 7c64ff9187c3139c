internal import Threads

/// The open extents of all writers of a file, in the order in which the writers were made.
///
/// Its lock comes before those of the extents. It is held while a writer is made or ends and while bytes are discarded, so that
/// no writer comes or goes in between.
final class OpenExtents: Sendable {
    /// From this many on, those of writers that no longer exist are recorded when another writer is made: each holds a libcrypto
    /// context, and writers come and go.
    static let maximumCount = 64

    private let journal: SharedJournal
    private let writers = Lock<[WriterExtent]>([])

    init(journal: SharedJournal) { self.journal = journal }

    /// How many there are.
    var count: Int { writers.withLock { $0.count } }

    /// Adds the extent of a new writer.
    ///
    /// - Parameter number: gives the number under which its bytes are recorded. One caller at a time runs it.
    func add(_ number: () throws(StorageError) -> UInt16) throws(StorageError) -> WriterExtent {
        try writers.withLock { (writers) throws(StorageError) in
            if writers.count >= Self.maximumCount { try record(&writers) { $0.isAbandoned } }
            let writer = WriterExtent(source: try number(), key: journal.key)
            writers.append(writer)
            return writer
        }
    }

    /// Records the extent of a writer that has ended, and forgets it.
    func finish(_ writer: WriterExtent) throws(StorageError) {
        try writers.withLock { (writers) throws(StorageError) in
            try writer.withLock { (extent) throws(StorageError) in
                try extent.record { (records) throws(StorageError) in try journal.append(records) }
                extent.finish()
            }
            writers.removeAll { $0 === writer }
        }
    }

    /// Records all of them, forgets those of writers that no longer exist, and rewrites the journal if that is due.
    ///
    /// - Parameter name: the journal's name in the directory.
    func recordAll(compactingAs name: String, in directory: ModelDirectory) throws(StorageError) {
        try writers.withLock { (writers) throws(StorageError) in
            try record(&writers) { _ in true }
            try journal.compactIfDue(as: name, in: directory, keeping: Set(writers.map(\.source)))
        }
    }

    /// Records the extents that reach into a range, then runs a change that discards bytes of it. Meanwhile no bytes become held
    /// by writing, and no record is appended but by the change: a record of these bytes that came after that of the change would
    /// bring them back.
    func discard(_ range: Range<Int64>, _ change: () throws(StorageError) -> Void) throws(StorageError) {
        try writers.withLock { (writers) throws(StorageError) in try discard(range, writers[...], change) }
    }

    /// Runs a body during which no bytes are discarded.
    func withoutDiscarding<R: Sendable>(_ body: () throws(StorageError) -> R) throws(StorageError) -> R {
        try writers.withLock { (_) throws(StorageError) in try body() }
    }

    /// Takes the locks of the writers one after the other, then runs the change.
    private func discard(
        _ range: Range<Int64>, _ writers: ArraySlice<WriterExtent>, _ change: () throws(StorageError) -> Void
    ) throws(StorageError) {
        guard let writer = writers.first else { return try change() }
        try writer.withLock { (extent) throws(StorageError) in
            if extent.touches(range) {
                try extent.record { (records) throws(StorageError) in try journal.append(records) }
            }
            try discard(range, writers.dropFirst(), change)
        }
    }

    /// Records some extents, and forgets those of writers that no longer exist.
    private func record(_ writers: inout [WriterExtent], where isDue: (WriterExtent) -> Bool) throws(StorageError) {
        var kept: [WriterExtent] = []
        for writer in writers {
            // Asked first: a writer that is gone by now adds nothing after its extent was recorded.
            let isAbandoned = writer.isAbandoned
            if isDue(writer) {
                try writer.withLock { (extent) throws(StorageError) in
                    try extent.record { (records) throws(StorageError) in try journal.append(records) }
                }
            }
            if !isAbandoned { kept.append(writer) }
        }
        writers = kept
    }
}
