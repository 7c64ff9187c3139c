internal import Hashing

/// The append-only record of which extents of a partial file are good. The format is in docs/formats.md.
///
/// It is not synchronized during a download, so its records are claims, which are checked when the download is resumed. Its
/// owner, ``SharedJournal``, makes sure that one thread uses it at a time.
struct ExtentJournal: ~Copyable {
    /// Only this many bytes of a longer journal are read.
    static let maximumLength = 256 << 20
    /// Shorter journals are not rewritten.
    static let compactLength: Int64 = 1 << 20

    private var file: OpenFile
    private let identity: FileIdentity
    private var end: Int64
    private var summer: BlockChecksummer
    /// The length from which it is rewritten without obsolete records.
    private var lengthToCompact: Int64

    /// The key for the checksums of blocks and records.
    var key: [UInt8]

    /// Begins a new journal with some records, replacing the contents of the file.
    ///
    /// Header and records are one write: a process killed between two writes would leave a journal without the records.
    init(
        beginning file: OpenFile, identity: FileIdentity, key: [UInt8], with records: [JournalRecord]
    ) throws(StorageError) {
        var summer = BlockChecksummer(key: key)
        var bytes = JournalHeader(key: key, identity: identity).encoded
        for record in records { bytes += record.encoded(at: Int64(bytes.count), with: &summer) }
        try attempt("cannot truncate the journal", file.path) { () throws(DiskError) in
            try file.disk.truncate(file.descriptor, to: 0)
        }
        try file.write(bytes, at: 0)
        self.file = file
        self.identity = identity
        self.key = key
        end = Int64(bytes.count)
        self.summer = summer
        lengthToCompact = max(Self.compactLength, end * 4)
    }

    /// Opens an existing journal and reads its records.
    ///
    /// - Returns: `nil` if it is not a journal of this file.
    init?(resuming file: OpenFile, identity: FileIdentity, into contents: inout JournalContents) throws(StorageError) {
        guard let read = try Self.read(file, as: identity) else { return nil }
        // A torn tail is removed before anything is appended, so that records after it can never be read again.
        if read.end < (try file.status().size) {
            try attempt("cannot truncate the journal", file.path) { () throws(DiskError) in
                try file.disk.truncate(file.descriptor, to: read.end)
            }
        }
        contents = JournalContents(playing: read.records, size: identity.size)
        self.file = file
        self.identity = identity
        key = read.key
        end = read.end
        summer = BlockChecksummer(key: key)
        // A rewritten journal would consist mostly of its claims, 54 bytes each.
        lengthToCompact = max(Self.compactLength, Int64(contents.claims.count) * 4 * 54)
    }

    /// The records before the first torn one, and where they end; `nil` if it is not a journal of this file.
    static func read(
        _ file: OpenFile, as identity: FileIdentity
    ) throws(StorageError) -> (key: [UInt8], records: [JournalRecord], end: Int64)? {
        let bytes = try attempt("cannot read the journal", file.path) { () throws(DiskError) in
            try file.disk.prefix(of: file.descriptor, limit: Self.maximumLength)
        }
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
        return (header.key, records, Int64(offset))
    }

    /// Whether most of its records may be obsolete.
    var isCompactionDue: Bool { end > lengthToCompact }

    /// Rewrites the journal without obsolete records: as a new file, then renamed, so that a crash leaves one of the two.
    ///
    /// - Parameters:
    ///   - name: its name in the directory.
    ///   - sources: the numbers that later records may use, so that they must still stand for their versions.
    mutating func compactIfDue(
        as name: String, in directory: ModelDirectory, keeping sources: Set<UInt16> = []
    ) throws(StorageError) {
        guard isCompactionDue, let read = try Self.read(file, as: identity) else { return }
        let contents = JournalContents(playing: read.records, size: identity.size)
        var bytes = JournalHeader(key: key, identity: identity).encoded
        for record in contents.records(keeping: sources) {
            bytes += record.encoded(at: Int64(bytes.count), with: &summer)
        }
        let rewritten = bytes
        file = try directory.replace(name, scratch: key) { (new) throws(StorageError) in
            try new.write(rewritten, at: 0)
            try new.synchronize()
        }
        end = Int64(bytes.count)
        lengthToCompact = max(Self.compactLength, end * 4)
    }

    /// Appends records in one write.
    mutating func append(_ records: [JournalRecord]) throws(StorageError) {
        var bytes: [UInt8] = []
        for record in records { bytes += record.encoded(at: end + Int64(bytes.count), with: &summer) }
        do throws(StorageError) {
            try file.write(bytes, at: end)
        } catch {
            // Part of it may have been written. If a shorter record replaced it, the rest could be read as a record.
            try? file.disk.truncate(file.descriptor, to: end)
            throw error
        }
        end += Int64(bytes.count)
    }
}
