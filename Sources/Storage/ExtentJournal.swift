internal import Hashing

/// The append-only record of which extents of a partial file are good. The format is docs/formats.md's.
///
/// Not synchronized while a download runs: it claims, and whoever resumes checks. Used by one thread at a time; its owner,
/// ``PartialFile``, sees to that.
struct ExtentJournal: ~Copyable {
    /// Longer journals are not read.
    static let maximumLength = 64 << 20

    private let file: OpenFile
    private var end: Int64
    private var summer: BlockChecksummer

    /// Makes checksums of blocks of the file under the journal's key.
    var key: [UInt8]

    /// Begins a new journal with some records; what the file held is gone.
    ///
    /// One write: a process killed between header and records would leave a journal that knows of nothing.
    init(
        beginning file: OpenFile, identity: FileIdentity, key: [UInt8], with records: [JournalRecord]
    ) throws(StorageError) {
        var summer = BlockChecksummer(key: key)
        var bytes = JournalHeader(key: key, identity: identity).encoded
        for record in records { bytes += record.encoded(at: Int64(bytes.count), with: &summer) }
        try attempt("cannot begin the journal", file.path) { () throws(DiskError) in
            try file.disk.truncate(file.descriptor, to: 0)
        }
        try file.write(bytes, at: 0)
        self.file = file
        self.key = key
        end = Int64(bytes.count)
        self.summer = summer
    }

    /// Goes on with a journal that is there, and tells what it says.
    ///
    /// - Returns: `nil` if it is not a journal of this file.
    init?(resuming file: OpenFile, identity: FileIdentity, into contents: inout JournalContents) throws(StorageError) {
        let bytes = try attempt("cannot read the journal", file.path) { () throws(DiskError) in
            try file.disk.contents(of: file.descriptor, limit: Self.maximumLength)
        }
        guard let bytes else { return nil }
        let header = bytes.withUnsafeBytes { JournalHeader.read($0, expecting: identity) }
        guard let header else { return nil }
        var summer = BlockChecksummer(key: header.key)
        var offset = header.length
        var records: [JournalRecord] = []
        bytes.withUnsafeBytes { bytes in
            while case .record(let record, let length) = JournalRecord.read(bytes, at: offset, with: &summer) {
                if let record { records.append(record) }
                offset += length
            }
        }
        // A torn tail goes before anything is appended: what stood behind it must never come to life again.
        if offset < bytes.count {
            try attempt("cannot mend the journal", file.path) { () throws(DiskError) in
                try file.disk.truncate(file.descriptor, to: Int64(offset))
            }
        }
        contents = JournalContents(playing: records, size: identity.size)
        self.file = file
        key = header.key
        end = Int64(offset)
        self.summer = summer
    }

    /// Appends records in one write.
    mutating func append(_ records: [JournalRecord]) throws(StorageError) {
        var bytes: [UInt8] = []
        for record in records { bytes += record.encoded(at: end + Int64(bytes.count), with: &summer) }
        do throws(StorageError) {
            try file.write(bytes, at: end)
        } catch {
            // Part of it may stand there. If something shorter were written over it, its tail could come to life.
            try? file.disk.truncate(file.descriptor, to: end)
            throw error
        }
        end += Int64(bytes.count)
    }
}
