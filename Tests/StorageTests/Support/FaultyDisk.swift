import Glibc
import Storage
import Synchronization

/// A disk that does as another does, writes down every call, and fails, shortens or fakes those that a rule picks.
final class FaultyDisk: Disk {
    enum Call: String, Hashable, Sendable {
        case openDirectory, makeDirectory, open, close, status, freeBytes, freeFiles, names, read, write, truncate
        case preallocate, firstHole, synchronize, startWriteback, forgetCached, rename, link, clone, copy, remove, lock
    }

    enum Fault: Sendable {
        /// Fails with this errno.
        case fail(Int32)
        /// Reads or writes a third of what was asked, and at least a byte.
        case short
        /// Reads or writes nothing, and says so.
        case nothing
        /// Says that it was done, and does nothing.
        case lie
    }

    struct Event: Hashable, Sendable {
        let call: Call
        /// What it was about: a name, two names for a rename, or the name under which the descriptor was opened.
        let subject: String
    }

    /// Picks a fault for the `index`th call of all that may fail, which is the `nth` of its kind, both from 0. It may do
    /// something to the file system first.
    typealias Rule = @Sendable (_ event: Event, _ nth: Int, _ index: Int) -> Fault?

    private struct State {
        var events: [Event] = []
        var counts: [Call: Int] = [:]
        var fallible = 0
        var subjects: [Descriptor: String] = [:]
    }

    private let disk: any Disk
    private let rule: Rule
    private let state = Mutex(State())

    /// The bytes and inodes that it says are free; `files` is `nil` for a file system that creates inodes on demand.
    struct Room: Sendable {
        var bytes: Int64
        var files: Int64?
    }

    private let room: Room?

    /// - Parameter room: the other disk's own by default.
    init(over disk: any Disk = SystemDisk(), room: Room? = nil, _ rule: @escaping Rule = { _, _, _ in nil }) {
        self.disk = disk
        self.room = room
        self.rule = rule
    }

    /// Everything that was called so far.
    var events: [Event] { state.withLock { $0.events } }
    /// How many calls that may fail were made so far.
    var fallibleCalls: Int { state.withLock { $0.fallible } }

    private func note(_ call: Call, _ subject: String) -> Fault? {
        let (event, nth, index) = state.withLock { state in
            let event = Event(call: call, subject: subject)
            state.events.append(event)
            let nth = state.counts[call, default: 0]
            state.counts[call] = nth + 1
            state.fallible += 1
            return (event, nth, state.fallible - 1)
        }
        // Not under the lock: a rule may call this disk.
        return rule(event, nth, index)
    }

    private func subject(_ descriptor: Descriptor) -> String { state.withLock { $0.subjects[descriptor] ?? "?" } }

    /// Whether to go on with a call, or only to say so.
    private func passes(_ call: Call, _ subject: String) throws(DiskError) -> Bool {
        switch note(call, subject) {
        case .fail(let code): throw DiskError(call.rawValue, subject, code)
        case .lie: false
        case .short, .nothing, nil: true
        }
    }

    private func opened(_ descriptor: Descriptor, _ subject: String) -> Descriptor {
        state.withLock { $0.subjects[descriptor] = subject }
        return descriptor
    }

    func openDirectory(_ path: String) throws(DiskError) -> Descriptor {
        _ = try passes(.openDirectory, path)
        return opened(try disk.openDirectory(path), path)
    }

    func makeDirectory(_ path: String) throws(DiskError) {
        if try passes(.makeDirectory, path) { try disk.makeDirectory(path) }
    }

    func open(_ path: String, in directory: Descriptor, _ access: Access) throws(DiskError) -> Descriptor {
        _ = try passes(.open, path)
        return opened(try disk.open(path, in: directory, access), path)
    }

    func makeDirectory(_ name: String, in directory: Descriptor) throws(DiskError) {
        if try passes(.makeDirectory, name) { try disk.makeDirectory(name, in: directory) }
    }

    func close(_ descriptor: Descriptor) {
        // Forgotten first: once closed, the number may be another thread's.
        state.withLock { state in
            state.events.append(Event(call: .close, subject: state.subjects.removeValue(forKey: descriptor) ?? "?"))
        }
        disk.close(descriptor)
    }

    func status(of descriptor: Descriptor) throws(DiskError) -> FileStatus {
        _ = try passes(.status, subject(descriptor))
        return try disk.status(of: descriptor)
    }

    func status(of name: String, in directory: Descriptor) throws(DiskError) -> FileStatus? {
        _ = try passes(.status, name)
        return try disk.status(of: name, in: directory)
    }

    func freeBytes(at descriptor: Descriptor) throws(DiskError) -> Int64 {
        _ = try passes(.freeBytes, subject(descriptor))
        if let room { return room.bytes }
        return try disk.freeBytes(at: descriptor)
    }

    func openFollowingLinks(_ path: String, in directory: Descriptor) throws(DiskError) -> Descriptor {
        _ = try passes(.open, path)
        return opened(try disk.openFollowingLinks(path, in: directory), path)
    }

    func freeFiles(at descriptor: Descriptor) throws(DiskError) -> Int64? {
        _ = try passes(.freeFiles, subject(descriptor))
        if let room { return room.files }
        return try disk.freeFiles(at: descriptor)
    }

    func names(in directory: Descriptor) throws(DiskError) -> [String] {
        _ = try passes(.names, subject(directory))
        return try disk.names(in: directory)
    }

    func rawNames(in directory: Descriptor) throws(DiskError) -> [[UInt8]] {
        _ = try passes(.names, subject(directory))
        return try disk.rawNames(in: directory)
    }

    func read(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(DiskError)
        -> Int
    {
        switch note(.read, subject(descriptor)) {
        case .fail(let code): throw DiskError("read", subject(descriptor), code)
        case .short:
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<max(1, buffer.count / 3)])
            return try disk.read(descriptor, into: part, at: offset)
        case .lie, .nothing: return 0
        case nil: return try disk.read(descriptor, into: buffer, at: offset)
        }
    }

    func write(_ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(DiskError) -> Int {
        switch note(.write, subject(descriptor)) {
        case .fail(let code): throw DiskError("write", subject(descriptor), code)
        case .short:
            let part = UnsafeRawBufferPointer(rebasing: bytes[..<max(1, bytes.count / 3)])
            return try disk.write(descriptor, part, at: offset)
        case .nothing: return 0
        case .lie: return bytes.count
        case nil: return try disk.write(descriptor, bytes, at: offset)
        }
    }

    func truncate(_ descriptor: Descriptor, to size: Int64) throws(DiskError) {
        if try passes(.truncate, subject(descriptor)) { try disk.truncate(descriptor, to: size) }
    }

    func preallocate(_ descriptor: Descriptor, _ size: Int64) throws(DiskError) {
        if try passes(.preallocate, subject(descriptor)) { try disk.preallocate(descriptor, size) }
    }

    func firstHole(in descriptor: Descriptor, size: Int64) -> Int64 { disk.firstHole(in: descriptor, size: size) }

    func synchronize(_ descriptor: Descriptor) throws(DiskError) {
        if try passes(.synchronize, subject(descriptor)) { try disk.synchronize(descriptor) }
    }

    func startWriteback(_ descriptor: Descriptor, _ range: Range<Int64>) {
        let event = Event(call: .startWriteback, subject: "\(range)")
        state.withLock { $0.events.append(event) }
        disk.startWriteback(descriptor, range)
    }

    func forgetCached(_ descriptor: Descriptor) {
        state.withLock { state in
            state.events.append(Event(call: .forgetCached, subject: state.subjects[descriptor] ?? "?"))
        }
        disk.forgetCached(descriptor)
    }

    func rename(_ name: String, in directory: Descriptor, to newName: String, in newDirectory: Descriptor)
        throws(DiskError)
    {
        guard try passes(.rename, "\(name) -> \(newName)") else { return }
        try disk.rename(name, in: directory, to: newName, in: newDirectory)
    }

    func link(_ name: String, in directory: Descriptor, to newName: String, in newDirectory: Descriptor)
        throws(DiskError)
    {
        guard try passes(.link, "\(name) -> \(newName)") else { return }
        try disk.link(name, in: directory, to: newName, in: newDirectory)
    }

    func clone(_ source: Descriptor, to target: Descriptor) throws(DiskError) {
        if try passes(.clone, subject(target)) { try disk.clone(source, to: target) }
    }

    func copy(_ source: Descriptor, to target: Descriptor, _ range: Range<Int64>) throws(DiskError) -> Int64 {
        switch note(.copy, subject(target)) {
        case .fail(let code): throw DiskError("copy", subject(target), code)
        case .short:
            let end = range.lowerBound + Int64(max(1, range.count / 3))
            return try disk.copy(source, to: target, range.lowerBound..<end)
        case .nothing: return 0
        case .lie: return Int64(range.count)
        case nil: return try disk.copy(source, to: target, range)
        }
    }

    func remove(_ name: String, in directory: Descriptor) throws(DiskError) {
        if try passes(.remove, name) { try disk.remove(name, in: directory) }
    }

    func lock(_ descriptor: Descriptor) throws(DiskError) -> Bool {
        try passes(.lock, subject(descriptor)) ? try disk.lock(descriptor) : true
    }
}
