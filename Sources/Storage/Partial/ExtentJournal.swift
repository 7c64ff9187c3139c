internal import Hashing

/// The append-only record of which extents of a partial file are good. The format is docs/formats.md's.
///
/// Not synchronized while a download runs: it claims, and whoever resumes checks. Used by one thread at a time; its owner,
/// ``PartialFile``, sees to that.
struct ExtentJournal: ~Copyable {
    /// Of longer journals no more than so many bytes are read.
    static let maximumLength = 256 << 20
    /// Shorter journals are not worth rewriting.
    static let compactLength: Int64 = 1 << 20

    private var file: OpenFile
    private let identity: FileIdentity
    private var end: Int64
    private var summer: BlockChecksummer
    /// How long it may become before it is rewritten without what says nothing any more.
    private var lengthToCompact: Int64

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
        self.identity = identity
        self.key = key
        end = Int64(bytes.count)
        self.summer = summer
        lengthToCompact = max(Self.compactLength, end * 4)
    }

    /// Goes on with a journal that is there, and tells what it says.
    ///
    /// - Returns: `nil` if it is not a journal of this file.
    init?(resuming file: OpenFile, identity: FileIdentity, into contents: inout JournalContents) throws(StorageError) {
        guard let read = try Self.read(file, as: identity) else { return nil }
        // A torn tail goes before anything is appended: what stood behind it must never come to life again.
        if read.end < (try file.status().size) {
            try attempt("cannot mend the journal", file.path) { () throws(DiskError) in
                try file.disk.truncate(file.descriptor, to: read.end)
            }
        }
        contents = JournalContents(playing: read.records, size: identity.size)
        self.file = file
        self.identity = identity
        key = read.key
        end = read.end
        summer = BlockChecksummer(key: key)
        // What a rewritten one would come to is about what its claims take.
        lengthToCompact = max(Self.compactLength, Int64(contents.claims.count) * 4 * 54)
    }

    /// The records up to the first that is torn, and where they end; `nil` if it is no journal of this file.
    static func read(
        _ file: OpenFile, as identity: FileIdentity
    ) throws(StorageError) -> (key: [UInt8], records: [JournalRecord], end: Int64)? {
        let bytes = try attempt("cannot read the journal", file.path) { () throws(DiskError) in
            try file.disk.front(of: file.descriptor, limit: Self.maximumLength)
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

    /// Whether most of it may say nothing any more.
    var isCompactionDue: Bool { end > lengthToCompact }

    /// Rewrites it without what says nothing any more: beside itself, then renamed, so that a crash leaves one of the two.
    ///
    /// - Parameter name: its name in the directory.
    mutating func compactIfDue(as name: String, in directory: ModelDirectory) throws(StorageError) {
        guard isCompactionDue, let read = try Self.read(file, as: identity) else { return }
        let contents = JournalContents(playing: read.records, size: identity.size)
        var bytes = JournalHeader(key: key, identity: identity).encoded
        for record in contents.records { bytes += record.encoded(at: Int64(bytes.count), with: &summer) }
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
            // Part of it may stand there. If something shorter were written over it, its tail could come to life.
            try? file.disk.truncate(file.descriptor, to: end)
            throw error
        }
        end += Int64(bytes.count)
    }
}
