import Glibc
import Storage
import Synchronization

/// A disk in memory, with as much of one as the readers of journals and receipts need: files by their whole paths.
final class MemoryDisk: Disk {
    private struct State {
        var files: [String: [UInt8]] = [:]
        var open: [Int32: String] = [:]
        var next: Int32 = 1
    }

    /// No file may grow beyond this, in bytes: a reader that would fill a real disk fails here.
    static let limit: Int64 = 8 << 20

    private let state = Mutex(State())

    subscript(path: String) -> [UInt8]? {
        get { state.withLock { $0.files[path] } }
        set { state.withLock { $0.files[path] = newValue } }
    }

    private func descriptor(of path: String) -> Descriptor {
        state.withLock { state in
            state.next += 1
            state.open[state.next] = path
            return Descriptor(rawValue: state.next)
        }
    }

    private func withFile<R: Sendable>(
        _ descriptor: Descriptor, _ body: @Sendable (inout [UInt8]) throws(DiskError) -> R
    ) throws(DiskError) -> R {
        try state.withLock { (state) throws(DiskError) in
            guard let path = state.open[descriptor.rawValue] else { throw DiskError("memory", "", EBADF) }
            return try body(&state.files[path, default: []])
        }
    }

    // MARK: Names

    func openDirectory(_ path: String) throws(DiskError) -> Descriptor { descriptor(of: path) }
    func makeDirectory(_ path: String) throws(DiskError) {}
    func makeDirectory(_ name: String, in directory: Descriptor) throws(DiskError) {}

    func open(_ path: String, in directory: Descriptor, _ access: Access) throws(DiskError) -> Descriptor {
        let place = place(path, in: directory)
        switch access {
        case .directory: break
        case .read, .update: guard self[place] != nil else { throw DiskError("open", path, ENOENT) }
        case .create: if self[place] == nil { self[place] = [] }
        case .createNew:
            guard self[place] == nil else { throw DiskError("open", path, EEXIST) }
            self[place] = []
        }
        return descriptor(of: place)
    }

    private func place(_ name: String, in directory: Descriptor) -> String {
        state.withLock { ($0.open[directory.rawValue] ?? "") + "/" + name }
    }

    func close(_ descriptor: Descriptor) { state.withLock { $0.open[descriptor.rawValue] = nil } }

    func status(of name: String, in directory: Descriptor) throws(DiskError) -> FileStatus? {
        self[place(name, in: directory)].map { Self.status(size: $0.count) }
    }

    func openFollowingLinks(_ path: String, in directory: Descriptor) throws(DiskError) -> Descriptor {
        try open(path, in: directory, .read)
    }

    func names(in directory: Descriptor) throws(DiskError) -> [String] { [] }
    func rawNames(in directory: Descriptor) throws(DiskError) -> [[UInt8]] { [] }

    func rename(_ name: String, in directory: Descriptor, to newName: String, in newDirectory: Descriptor)
        throws(DiskError)
    {
        let place = place(name, in: directory)
        guard let bytes = self[place] else { throw DiskError("rename", name, ENOENT) }
        self[place] = nil
        let newPlace = self.place(newName, in: newDirectory)
        self[newPlace] = bytes
        // Who has it open goes on with it.
        state.withLock { state in for (number, path) in state.open where path == place { state.open[number] = newPlace }
        }
    }

    func link(_ name: String, in directory: Descriptor, to newName: String, in newDirectory: Descriptor)
        throws(DiskError)
    {
        throw DiskError("link", name, EPERM)
    }

    func remove(_ name: String, in directory: Descriptor) throws(DiskError) {
        let place = place(name, in: directory)
        guard self[place] != nil else { throw DiskError("remove", name, ENOENT) }
        self[place] = nil
    }

    // MARK: Bytes

    func status(of descriptor: Descriptor) throws(DiskError) -> FileStatus {
        try withFile(descriptor) { Self.status(size: $0.count) }
    }

    private static func status(size: Int) -> FileStatus {
        FileStatus(
            kind: .regular, size: Int64(size), allocated: Int64(size), modifiedNanoseconds: 0, changedNanoseconds: 0,
            inode: 1, device: 1, links: 1)
    }

    func read(
        _ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(DiskError) -> Int {
        let count = buffer.count
        let bytes = try withFile(descriptor) { file in Array(file.dropFirst(Int(offset)).prefix(count)) }
        buffer.copyBytes(from: bytes)
        return bytes.count
    }

    func write(_ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(DiskError) -> Int {
        let new = Array(bytes)
        let end = offset + Int64(new.count)
        guard end <= Self.limit else { throw DiskError("write", "", EFBIG) }
        try withFile(descriptor) { file in
            if file.count < Int(end) { file += [UInt8](repeating: 0, count: Int(end) - file.count) }
            file.replaceSubrange(Int(offset)..<Int(end), with: new)
        }
        return new.count
    }

    func truncate(_ descriptor: Descriptor, to size: Int64) throws(DiskError) {
        guard size <= Self.limit else { throw DiskError("truncate", "", EFBIG) }
        try withFile(descriptor) { file in
            file = Array(file.prefix(Int(size)))
            file += [UInt8](repeating: 0, count: Int(size) - file.count)
        }
    }

    func clone(_ source: Descriptor, to target: Descriptor) throws(DiskError) {
        let bytes = try withFile(source) { $0 }
        try withFile(target) { $0 = bytes }
    }

    func copy(_ source: Descriptor, to target: Descriptor, _ range: Range<Int64>) throws(DiskError) -> Int64 {
        throw DiskError("copy", "", EOPNOTSUPP)
    }

    func freeBytes(at descriptor: Descriptor) throws(DiskError) -> Int64 { .max }
    func freeFiles(at descriptor: Descriptor) throws(DiskError) -> Int64? { nil }
    func preallocate(_ descriptor: Descriptor, _ size: Int64) throws(DiskError) {}
    func firstHole(in descriptor: Descriptor, size: Int64) -> Int64 { size }
    func synchronize(_ descriptor: Descriptor) throws(DiskError) {}
    func startWriteback(_ descriptor: Descriptor, _ range: Range<Int64>) {}
    func forgetCached(_ descriptor: Descriptor) {}
    func lock(_ descriptor: Descriptor) throws(DiskError) -> Bool { true }
}
