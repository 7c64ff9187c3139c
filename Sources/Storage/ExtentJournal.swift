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

    /// Begins a new journal in an empty file.
    init(beginning file: OpenFile, identity: FileIdentity, key: [UInt8]) throws(StorageError) {
        let header = JournalHeader(key: key, identity: identity).encoded
        try attempt("cannot begin the journal", file.path) { () throws(DiskError) in
            try file.disk.truncate(file.descriptor, to: 0)
        }
        try file.write(header, at: 0)
        self.file = file
        self.key = key
        end = Int64(header.count)
        summer = BlockChecksummer(key: key)
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
        try file.write(bytes, at: end)
        end += Int64(bytes.count)
    }
}
