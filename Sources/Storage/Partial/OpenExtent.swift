internal import Hashing
internal import Synchronization
internal import Threads

/// What one ``ExtentWriter`` has written and the journal does not have yet: the bytes that it wrote one after another, and the
/// checksum of them so far.
struct OpenExtent: ~Copyable {
    /// A record is due when an extent has this many bytes. This limits what a killed process loses.
    static let recordBytes: Int64 = 256 << 10

    private let source: UInt16
    private var range: Range<Int64>
    private var summer: BlockChecksummer
    /// Records that are due. They stay here until the journal has them, so that one that could not be appended is not lost.
    private var due: [JournalRecord] = []
    /// Whether the writer has ended.
    private var isFinished = false

    /// - Parameter key: the journal's.
    init(source: UInt16, key: [UInt8]) {
        self.source = source
        summer = BlockChecksummer(key: key)
        range = 0..<0
        begin(at: 0)
    }

    /// Adds bytes that were written.
    ///
    /// - Returns: whether a record is due.
    mutating func add(_ bytes: UnsafeRawBufferPointer, at offset: Int64) -> Bool {
        precondition(!isFinished, "the writer has ended")
        if range.upperBound != offset {
            end()
            begin(at: offset)
        }
        // A record must stay well below the longest extent that a reader accepts, however much is written at once.
        var rest = bytes
        while !rest.isEmpty {
            let count = min(rest.count, Int(JournalRecord.maximumExtent - Self.recordBytes))
            summer.update(UnsafeRawBufferPointer(rebasing: rest[..<count]))
            range = range.lowerBound..<range.upperBound + Int64(count)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            if range.count >= Self.recordBytes { end() }
        }
        return !due.isEmpty
    }

    /// Whether bytes of a range are not recorded yet.
    func touches(_ other: Range<Int64>) -> Bool {
        if range.overlaps(other) { return true }
        return due.contains { record in
            if case .extent(let range, _, _) = record { range.overlaps(other) } else { false }
        }
    }

    /// Ends the extent, and passes on every record that is due.
    mutating func record(_ append: ([JournalRecord]) throws(StorageError) -> Void) throws(StorageError) {
        end()
        try recordDue(append)
    }

    /// Passes on the records that are due, and leaves the extent open.
    mutating func recordDue(_ append: ([JournalRecord]) throws(StorageError) -> Void) throws(StorageError) {
        guard !due.isEmpty else { return }
        try append(due)
        due = []
    }

    /// Notes that nothing will be added any more.
    mutating func finish() { isFinished = true }

    /// Makes the bytes so far a record that is due, if there are any; the next extent begins after them.
    private mutating func end() {
        guard !range.isEmpty else { return }
        due.append(.extent(range, source: source, checksum: summer.finish()))
        begin(at: range.upperBound)
    }

    private mutating func begin(at offset: Int64) {
        range = offset..<offset
        summer.begin(at: offset, domain: .block)
    }
}

/// The open extent of one writer, behind a lock of its own.
///
/// The lock is held while bytes become held, are added to the checksum and are recorded. Whoever has it therefore knows that
/// all of this writer's held bytes are either in the journal or in its open extent. For its place in the order of locks, see
/// ``PartialFile``.
final class WriterExtent: Sendable {
    /// The number under which the bytes are recorded.
    let source: UInt16
    private let extent: Lock<OpenExtent>
    private let abandoned = Atomic(false)

    init(source: UInt16, key: [UInt8]) {
        self.source = source
        extent = Lock(OpenExtent(source: source, key: key))
    }

    /// Whether the writer no longer exists, so that nothing will be added any more.
    var isAbandoned: Bool { abandoned.load(ordering: .acquiring) }
    func abandon() { abandoned.store(true, ordering: .releasing) }

    func withLock<R, E: Error>(_ body: (inout sending OpenExtent) throws(E) -> sending R) throws(E) -> sending R {
        try extent.withLock(body)
    }
}
