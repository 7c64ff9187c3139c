import Storage
import Synchronization

/// The real disk, but for what a test puts in its way.
final class TestDisk: Disk {
    private let real = SystemDisk()
    private let counts = Mutex((read: 0, written: 0))
    private let calls = Atomic(0)

    /// Told the offset and length of each read before it happens.
    let onRead: @Sendable (Int64, Int) -> Void
    /// May throw in the place of a write of so many bytes at an offset.
    let onWrite: @Sendable (Int64, Int) throws(DiskError) -> Void
    /// What is said to be free.
    let free: Int64?
    /// Whether everybody gets the lock.
    let locksNobodyOut: Bool
    /// May throw in the place of an fsync.
    let onSynchronize: @Sendable () throws(DiskError) -> Void

    init(
        free: Int64? = nil, locksNobodyOut: Bool = false,
        onRead: @escaping @Sendable (Int64, Int) -> Void = { _, _ in },
        onWrite: @escaping @Sendable (Int64, Int) throws(DiskError) -> Void = { _, _ throws(DiskError) in },
        onSynchronize: @escaping @Sendable () throws(DiskError) -> Void = { () throws(DiskError) in }
    ) {
        self.free = free
        self.locksNobodyOut = locksNobodyOut
        self.onRead = onRead
        self.onWrite = onWrite
        self.onSynchronize = onSynchronize
    }

    /// How often it was asked for something that names a file, and how many names it told.
    var callCount: Int { calls.load(ordering: .relaxed) }

    private func count(_ times: Int = 1) { calls.add(times, ordering: .relaxed) }

    /// Bytes read so far.
    var bytesRead: Int { counts.withLock { $0.read } }

    func read(
        _ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(DiskError) -> Int {
        onRead(offset, buffer.count)
        let count = try real.read(descriptor, into: buffer, at: offset)
        counts.withLock { $0.read += count }
        return count
    }

    func write(
        _ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64
    ) throws(DiskError) -> Int {
        try onWrite(offset, bytes.count)
        return try real.write(descriptor, bytes, at: offset)
    }

    func freeBytes(at descriptor: Descriptor) throws(DiskError) -> Int64 {
        if let free { return free }
        return try real.freeBytes(at: descriptor)
    }

    func lock(_ descriptor: Descriptor) throws(DiskError) -> Bool {
        if locksNobodyOut { return true }
        return try real.lock(descriptor)
    }

    func synchronize(_ descriptor: Descriptor) throws(DiskError) {
        try onSynchronize()
        try real.synchronize(descriptor)
    }

    // MARK: As it is

    func openDirectory(_ path: String) throws(DiskError) -> Descriptor { try real.openDirectory(path) }
    func makeDirectory(_ path: String) throws(DiskError) { try real.makeDirectory(path) }
    func open(_ path: String, in directory: Descriptor, _ access: Access) throws(DiskError) -> Descriptor {
        count()
        return try real.open(path, in: directory, access)
    }
    func makeDirectory(_ name: String, in directory: Descriptor) throws(DiskError) {
        try real.makeDirectory(name, in: directory)
    }
    func close(_ descriptor: Descriptor) { real.close(descriptor) }
    func status(of descriptor: Descriptor) throws(DiskError) -> FileStatus { try real.status(of: descriptor) }
    func status(of name: String, in directory: Descriptor) throws(DiskError) -> FileStatus? {
        count()
        return try real.status(of: name, in: directory)
    }
    func names(in directory: Descriptor) throws(DiskError) -> [String] {
        let names = try real.names(in: directory)
        count(1 + names.count)
        return names
    }
    func rawNames(in directory: Descriptor) throws(DiskError) -> [[UInt8]] {
        let names = try real.rawNames(in: directory)
        count(1 + names.count)
        return names
    }
    func openFollowingLinks(_ path: String, in directory: Descriptor) throws(DiskError) -> Descriptor {
        count()
        return try real.openFollowingLinks(path, in: directory)
    }
    func freeFiles(at descriptor: Descriptor) throws(DiskError) -> Int64? { try real.freeFiles(at: descriptor) }
    func forgetCached(_ descriptor: Descriptor) { real.forgetCached(descriptor) }
    func truncate(_ descriptor: Descriptor, to size: Int64) throws(DiskError) {
        try real.truncate(descriptor, to: size)
    }
    func preallocate(_ descriptor: Descriptor, _ size: Int64) throws(DiskError) {
        try real.preallocate(descriptor, size)
    }
    func firstHole(in descriptor: Descriptor, size: Int64) -> Int64 { real.firstHole(in: descriptor, size: size) }
    func startWriteback(_ descriptor: Descriptor, _ range: Range<Int64>) { real.startWriteback(descriptor, range) }
    func rename(
        _ name: String, in directory: Descriptor, to newName: String, in newDirectory: Descriptor
    ) throws(DiskError) {
        try real.rename(name, in: directory, to: newName, in: newDirectory)
    }
    func link(
        _ name: String, in directory: Descriptor, to newName: String, in newDirectory: Descriptor
    ) throws(DiskError) {
        try real.link(name, in: directory, to: newName, in: newDirectory)
    }
    func clone(_ source: Descriptor, to target: Descriptor) throws(DiskError) { try real.clone(source, to: target) }
    func copy(_ source: Descriptor, to target: Descriptor, _ range: Range<Int64>) throws(DiskError) -> Int64 {
        try real.copy(source, to: target, range)
    }
    func remove(_ name: String, in directory: Descriptor) throws(DiskError) { try real.remove(name, in: directory) }
}
