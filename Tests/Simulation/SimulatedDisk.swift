import Glibc
import SeededRandom
import Storage

/// The file system of a machine for one process, with its descriptors, its faults, and the end of the process.
///
/// Used only on the scheduler's thread.
final class SimulatedDisk: Disk, @unchecked Sendable {
    /// What a fault does beyond the call.
    enum Incident: Sendable { case killed, powerCut, interrupted }

    private struct Open {
        let inode: Inode
        /// The number of the open file description, which owns a lock.
        let description: Int
        /// The number of failed writebacks that this description has reported.
        var knownErrors: Int
    }

    private let machine: Machine
    private var table: [Int32: Open] = [:]
    private var nextDescriptor: Int32 = 3
    /// The number of calls so far, by kind.
    private var counts = [Int](repeating: 0, count: DiskEvent.Call.allCases.count)
    private var broken: [DiskEvent.Call: Int32] = [:]
    private let events: [DiskEvent]
    private let onIncident: (Incident) -> Void
    /// Called after every call that may have changed something.
    private let onChange: () -> Void
    /// Whether locks work.
    private let hasLocks: Bool
    /// Whether the file system has hard links.
    private let hasLinks: Bool
    /// Hidden faults that a test plants to see whether the simulation finds them.
    private let lies: Set<DiskLie>

    /// Whether the process has ended: later calls of its tasks do nothing.
    private(set) var isDead = false
    /// The faults that have occurred.
    private(set) var fired: [DiskEvent] = []

    init(
        _ machine: Machine, events: [DiskEvent], hasLocks: Bool = true, hasLinks: Bool = true, lies: Set<DiskLie> = [],
        onIncident: @escaping (Incident) -> Void = { _ in }, onChange: @escaping () -> Void = {}
    ) {
        self.machine = machine
        self.events = events
        self.hasLocks = hasLocks
        self.hasLinks = hasLinks
        self.lies = lies
        self.onIncident = onIncident
        self.onChange = onChange
    }

    /// The process ends, and the kernel closes its descriptors.
    func die() {
        guard !isDead else { return }
        isDead = true
        for number in table.keys.sorted() { release(table[number]!) }
        table = [:]
    }

    /// The machine has stopped, so nothing is closed.
    func vanish() {
        isDead = true
        table = [:]
    }

    var openDescriptors: Int { table.count }

    // MARK: Every call

    private func perform<R>(
        _ call: DiskEvent.Call, _ name: String, _ body: (_ isShort: Bool) throws(DiskError) -> R
    ) throws(DiskError) -> R {
        guard !isDead else { throw DiskError(name, "", EIO) }
        machine.record(call, counts[DiskEvent.Call.any.rawValue])
        machine.log?("    \(name) #\(counts[DiskEvent.Call.any.rawValue])")
        var fault: DiskEvent.Fault?
        for event in events
        where event.call == call && event.index == counts[call.rawValue]
            || event.call == .any && event.index == counts[DiskEvent.Call.any.rawValue]
        {
            fault = event.fault
            fired.append(event)
        }
        counts[call.rawValue] += 1
        counts[DiskEvent.Call.any.rawValue] += 1
        if fault == nil, let code = broken[call] { throw DiskError(name, "", code) }
        switch fault {
        case nil, .short: break
        case .fails(let code): throw DiskError(name, "", code)
        case .failsFromHere(let code):
            broken[call] = code
            throw DiskError(name, "", code)
        case .writebackFails:
            // For a call other than fsync, the kernel's own writeback fails, which is not reported yet.
            let files = table.keys.sorted().map { table[$0]!.inode }
            for inode in files where inode.kind == .regular && !inode.dirty.isEmpty {
                inode.loseWriteback { _ in self.machine.random.chance(60) }
            }
            onChange()
        case .kill, .powerCut:
            // The call was completed, partly done, or not done at all.
            if machine.random.chance(50) { _ = try? body(machine.random.chance(50)) }
            onChange()
            if case .powerCut(let luck) = fault {
                vanish()
                machine.losePower(luck: luck)
                onIncident(.powerCut)
            } else {
                die()
                onIncident(.killed)
            }
            throw DiskError(name, "", EIO)
        case .interrupt: onIncident(.interrupted)
        case .clockStep(let seconds): machine.clockStep += seconds * 1_000_000_000
        }
        let result = try body(fault == .short)
        switch call {
        case .write, .truncate, .rename, .remove, .synchronize, .link, .copy: onChange()
        default: break
        }
        return result
    }

    private func inode(_ descriptor: Descriptor) throws(DiskError) -> Inode {
        guard let open = table[descriptor.rawValue] else { throw DiskError("descriptor", "", EBADF) }
        return open.inode
    }

    private func take(_ inode: Inode) -> Descriptor {
        inode.opens += 1
        let number = nextDescriptor
        nextDescriptor += 1
        // A failed writeback that was not reported is reported to the next descriptor that is opened for the file.
        let known = inode.isErrorTold ? inode.writebackErrors : inode.writebackErrors - 1
        table[number] = Open(inode: inode, description: machine.newDescription(), knownErrors: known)
        return Descriptor(rawValue: number)
    }

    private func release(_ open: Open) {
        if open.inode.lockHolder == open.description { open.inode.lockHolder = nil }
        open.inode.opens -= 1
        machine.releaseIfUnused(open.inode)
    }

    // MARK: Directories

    func openDirectory(_ path: String) throws(DiskError) -> Descriptor {
        try perform(.open, "open") { _ throws(DiskError) in
            guard let inode = machine.inode(at: path) else { throw DiskError("open", path, ENOENT) }
            guard inode.kind == .directory else { throw DiskError("open", path, ENOTDIR) }
            return take(inode)
        }
    }

    func makeDirectory(_ path: String) throws(DiskError) {
        try perform(.makeDirectory, "mkdir") { _ throws(DiskError) in
            var parts = Machine.parts(path)
            guard let name = parts.popLast() else { throw DiskError("mkdir", path, EEXIST) }
            guard let parent = machine.inode(at: parts.joined(separator: "/")) else {
                throw DiskError("mkdir", path, ENOENT)
            }
            try make(name, in: parent)
        }
    }

    func makeDirectory(_ name: String, in directory: Descriptor) throws(DiskError) {
        try perform(.makeDirectory, "mkdirat") { _ throws(DiskError) in try make(name, in: try inode(directory)) }
    }

    private func make(_ name: String, in parent: Inode) throws(DiskError) {
        guard parent.kind == .directory else { throw DiskError("mkdir", name, ENOTDIR) }
        guard parent.entries[name] == nil else { throw DiskError("mkdir", name, EEXIST) }
        machine.change([(parent, name, machine.makeInode(.directory))])
    }

    func names(in directory: Descriptor) throws(DiskError) -> [String] {
        try perform(.list, "readdir") { _ throws(DiskError) in try inode(directory).entries.keys.sorted() }
    }

    func rawNames(in directory: Descriptor) throws(DiskError) -> [[UInt8]] {
        try names(in: directory).map { Array($0.utf8) }
    }

    // MARK: Files

    /// Symbolic links in the simulated file system have no target.
    func openFollowingLinks(_ path: String, in directory: Descriptor) throws(DiskError) -> Descriptor {
        try open(path, in: directory, .read)
    }

    func open(_ path: String, in directory: Descriptor, _ access: Access) throws(DiskError) -> Descriptor {
        try perform(.open, "openat2") { _ throws(DiskError) in
            var parts = Machine.parts(path)
            let name = parts.removeLast()
            var parent = try inode(directory)
            for part in parts {
                guard let next = parent.entries[part] else { throw DiskError("open", path, ENOENT) }
                if next.kind == .symlink { throw DiskError("open", path, ELOOP) }
                guard next.kind == .directory else { throw DiskError("open", path, ENOTDIR) }
                parent = next
            }
            guard let there = parent.entries[name] else {
                guard access == .create || access == .createNew else { throw DiskError("open", path, ENOENT) }
                let made = machine.makeInode(.regular)
                machine.change([(parent, name, made)])
                return take(made)
            }
            if access == .createNew { throw DiskError("open", path, EEXIST) }
            switch (there.kind, access) {
            case (.symlink, _): throw DiskError("open", path, ELOOP)
            case (.directory, .create), (.directory, .update): throw DiskError("open", path, EISDIR)
            case (.regular, .directory), (.other, .directory): throw DiskError("open", path, ENOTDIR)
            default: return take(there)
            }
        }
    }

    func close(_ descriptor: Descriptor) {
        if let open = table.removeValue(forKey: descriptor.rawValue) { release(open) }
    }

    func status(of descriptor: Descriptor) throws(DiskError) -> FileStatus {
        try perform(.status, "fstat") { _ throws(DiskError) in Self.status(try inode(descriptor)) }
    }

    func status(of name: String, in directory: Descriptor) throws(DiskError) -> FileStatus? {
        try perform(.status, "fstatat") { _ throws(DiskError) in try inode(directory).entries[name].map(Self.status) }
    }

    private static func status(_ inode: Inode) -> FileStatus {
        FileStatus(
            kind: inode.kind, size: inode.size, allocated: Int64(inode.allocatedPages * Inode.pageSize),
            modifiedNanoseconds: inode.modified, changedNanoseconds: inode.changed, inode: inode.number, device: 1,
            links: UInt64(inode.links))
    }

    func freeBytes(at descriptor: Descriptor) throws(DiskError) -> Int64 {
        try perform(.status, "fstatvfs") { _ throws(DiskError) in Int64(machine.freePages * Inode.pageSize) }
    }

    /// The number of files is not limited.
    func freeFiles(at descriptor: Descriptor) throws(DiskError) -> Int64? { nil }

    func read(
        _ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(DiskError) -> Int {
        try perform(.read, "pread") { isShort throws(DiskError) in
            let inode = try inode(descriptor)
            guard inode.kind != .directory else { throw DiskError("pread", "", EISDIR) }
            let count = isShort ? (buffer.count + 1) / 2 : buffer.count
            return inode.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]), at: offset)
        }
    }

    func write(
        _ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64
    ) throws(DiskError) -> Int {
        try perform(.write, "pwrite") { isShort throws(DiskError) in
            let inode = try inode(descriptor)
            let wanted = isShort ? (bytes.count + 1) / 2 : bytes.count
            let count = machine.allocate(inode, offset..<offset + Int64(wanted))
            guard count > 0 || wanted == 0 else { throw DiskError("pwrite", "", ENOSPC) }
            inode.write(UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: offset)
            inode.modified = machine.wallTime
            inode.changed = machine.wallTime
            return count
        }
    }

    func truncate(_ descriptor: Descriptor, to size: Int64) throws(DiskError) {
        try perform(.truncate, "ftruncate") { _ throws(DiskError) in
            let inode = try inode(descriptor)
            machine.truncate(inode, to: size)
            inode.modified = machine.wallTime
            inode.changed = machine.wallTime
        }
    }

    func preallocate(_ descriptor: Descriptor, _ size: Int64) throws(DiskError) {
        try perform(.preallocate, "fallocate") { _ throws(DiskError) in
            let pages = (Int(size) + Inode.pageSize - 1) / Inode.pageSize
            guard machine.reserve(try inode(descriptor), pages: pages) else { throw DiskError("fallocate", "", ENOSPC) }
        }
    }

    func firstHole(in descriptor: Descriptor, size: Int64) -> Int64 {
        guard let inode = try? inode(descriptor), !isDead else { return size }
        return min(inode.firstHole, size)
    }

    func synchronize(_ descriptor: Descriptor) throws(DiskError) {
        try perform(.synchronize, "fsync") { _ throws(DiskError) in
            let inode = try inode(descriptor)
            if inode.kind == .directory {
                if !lies.contains(.directorySyncDoesNothing) { machine.commitNames(for: inode) }
                return
            }
            let known = table[descriptor.rawValue]?.knownErrors ?? 0
            if !lies.contains(.fileSyncDoesNothing) {
                inode.makeDurable()
                machine.commitNames(for: inode)
            }
            guard known == inode.writebackErrors else {
                table[descriptor.rawValue]?.knownErrors = inode.writebackErrors
                inode.isErrorTold = true
                if lies.contains(.failedSyncIsNotTold) { return }
                throw DiskError("fsync", "", EIO)
            }
        }
    }

    func startWriteback(_ descriptor: Descriptor, _ range: Range<Int64>) {}

    func forgetCached(_ descriptor: Descriptor) {
        guard !isDead, !lies.contains(.cacheIsNotForgotten), let inode = try? inode(descriptor) else { return }
        inode.forgetClean()
    }

    // MARK: Names

    func rename(
        _ name: String, in directory: Descriptor, to newName: String, in newDirectory: Descriptor
    ) throws(DiskError) {
        try perform(.rename, "renameat") { _ throws(DiskError) in
            let (from, to) = (try inode(directory), try inode(newDirectory))
            guard let moved = from.entries[name] else { throw DiskError("renameat", name, ENOENT) }
            if let target = to.entries[newName] {
                if target === moved { return }
                if target.kind == .directory, moved.kind != .directory { throw DiskError("renameat", name, EISDIR) }
            }
            machine.change([(to, newName, moved), (from, name, nil)])
        }
    }

    func link(
        _ name: String, in directory: Descriptor, to newName: String, in newDirectory: Descriptor
    ) throws(DiskError) {
        try perform(.link, "linkat") { _ throws(DiskError) in
            let (from, to) = (try inode(directory), try inode(newDirectory))
            guard let linked = from.entries[name] else { throw DiskError("linkat", name, ENOENT) }
            guard to.entries[newName] == nil else { throw DiskError("linkat", newName, EEXIST) }
            guard hasLinks else { throw DiskError("linkat", name, EPERM) }
            machine.change([(to, newName, linked)])
        }
    }

    /// Like most file systems, it cannot share blocks.
    func clone(_ source: Descriptor, to target: Descriptor) throws(DiskError) {
        throw DiskError("ioctl FICLONE", "", EOPNOTSUPP)
    }

    func copy(_ source: Descriptor, to target: Descriptor, _ range: Range<Int64>) throws(DiskError) -> Int64 {
        try perform(.copy, "copy_file_range") { isShort throws(DiskError) in
            let (from, to) = (try inode(source), try inode(target))
            let wanted = min(range.upperBound, from.size) - range.lowerBound
            guard wanted > 0 else { return 0 }
            var bytes = [UInt8](repeating: 0, count: Int(isShort ? (wanted + 1) / 2 : wanted))
            _ = bytes.withUnsafeMutableBytes { from.read(into: $0, at: range.lowerBound) }
            let count = machine.allocate(to, range.lowerBound..<range.lowerBound + Int64(bytes.count))
            guard count > 0 else { throw DiskError("copy_file_range", "", ENOSPC) }
            bytes[..<count].withUnsafeBytes { to.write($0, at: range.lowerBound) }
            to.modified = machine.wallTime
            to.changed = machine.wallTime
            return Int64(count)
        }
    }

    func remove(_ name: String, in directory: Descriptor) throws(DiskError) {
        try perform(.remove, "unlinkat") { _ throws(DiskError) in
            let directory = try inode(directory)
            guard let there = directory.entries[name] else { throw DiskError("unlinkat", name, ENOENT) }
            guard there.kind != .directory else { throw DiskError("unlinkat", name, EISDIR) }
            machine.change([(directory, name, nil)])
        }
    }

    func lock(_ descriptor: Descriptor) throws(DiskError) -> Bool {
        try perform(.lock, "flock") { _ throws(DiskError) in
            guard hasLocks else { return true }
            guard let open = table[descriptor.rawValue] else { throw DiskError("flock", "", EBADF) }
            guard open.inode.lockHolder == nil || open.inode.lockHolder == open.description else { return false }
            open.inode.lockHolder = open.description
            return true
        }
    }
}
