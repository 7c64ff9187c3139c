internal import CLinux
internal import Glibc

// The C functions that the methods below hide by their names.
private func openFile(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }
private func closeFile(_ descriptor: Int32) -> Int32 { close(descriptor) }

/// The real file system, through POSIX calls.
package struct SystemDisk: Disk {
    private let usesOpenat2: Bool

    /// - Parameter usesOpenat2: whether to try openat2(2) before walking; `false` is for tests of the walk.
    package init(usesOpenat2: Bool = true) { self.usesOpenat2 = usesOpenat2 }

    package func openDirectory(_ path: String) throws(DiskError) -> Descriptor {
        let raw = openFile(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard raw >= 0 else { throw DiskError("open", path, errno) }
        return Descriptor(rawValue: raw)
    }

    package func makeDirectory(_ path: String) throws(DiskError) {
        guard mkdir(path, 0o777) == 0 else { throw DiskError("mkdir", path, errno) }
    }

    package func open(_ path: String, in directory: Descriptor, _ access: Access) throws(DiskError) -> Descriptor {
        let purpose: Int32 =
            switch access {
            case .read: O_RDONLY
            case .update: O_RDWR
            case .create: O_RDWR | O_CREAT
            case .createNew: O_RDWR | O_CREAT | O_EXCL
            case .directory: O_RDONLY | O_DIRECTORY
            }
        let flags = purpose | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let mode: mode_t = flags & O_CREAT != 0 ? 0o666 : 0
        var raw: Int32 = -1
        if usesOpenat2 { raw = clinux_open_beneath(directory.rawValue, path, flags, mode) }
        // Older container sandboxes return EPERM for an unknown call. If the error is about the file, the walk meets it again.
        if raw < 0, !usesOpenat2 || errno == ENOSYS || errno == EPERM {
            raw = walk(path, in: directory.rawValue, flags, mode)
        }
        guard raw >= 0 else { throw DiskError("open", path, errno) }
        return Descriptor(rawValue: raw)
    }

    /// Replaces openat2 on kernels without it: every component but the last is opened as a directory, without following a symbolic
    /// link, and `..` is refused. Leaves `errno` as the failing step set it.
    private func walk(_ path: String, in directory: Int32, _ flags: Int32, _ mode: mode_t) -> Int32 {
        var current = directory
        let parts = path.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
        guard path.utf8.first != UInt8(ascii: "/"), !parts.contains("..") else {
            errno = EXDEV
            return -1
        }
        for part in parts.dropLast() {
            let next = openat(current, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            let failure = errno
            if current != directory { _ = closeFile(current) }
            guard next >= 0 else {
                errno = failure
                return -1
            }
            current = next
        }
        let result = openat(current, parts.last ?? "", flags, mode)
        let failure = errno
        if current != directory { _ = closeFile(current) }
        errno = failure
        return result
    }

    package func makeDirectory(_ name: String, in directory: Descriptor) throws(DiskError) {
        guard mkdirat(directory.rawValue, name, 0o777) == 0 else { throw DiskError("mkdirat", name, errno) }
    }

    package func close(_ descriptor: Descriptor) { _ = closeFile(descriptor.rawValue) }

    package func status(of descriptor: Descriptor) throws(DiskError) -> FileStatus {
        var info = stat()
        guard fstat(descriptor.rawValue, &info) == 0 else { throw DiskError("fstat", "", errno) }
        return FileStatus(info)
    }

    package func status(of name: String, in directory: Descriptor) throws(DiskError) -> FileStatus? {
        var info = stat()
        guard fstatat(directory.rawValue, name, &info, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return nil }
            throw DiskError("fstatat", name, errno)
        }
        return FileStatus(info)
    }

    package func freeBytes(at descriptor: Descriptor) throws(DiskError) -> Int64 {
        var info = statvfs()
        guard fstatvfs(descriptor.rawValue, &info) == 0 else { throw DiskError("fstatvfs", "", errno) }
        let (bytes, overflow) = UInt64(info.f_bavail).multipliedReportingOverflow(by: UInt64(info.f_frsize))
        return overflow ? Int64.max : Int64(clamping: bytes)
    }

    package func openFollowingLinks(_ path: String, in directory: Descriptor) throws(DiskError) -> Descriptor {
        // Checked before opening, because opening a device can have side effects.
        var info = stat()
        guard fstatat(directory.rawValue, path, &info, 0) == 0 else { throw DiskError("fstatat", path, errno) }
        guard info.st_mode & S_IFMT == S_IFREG else { throw DiskError("open", path, ELOOP) }
        let raw = openat(directory.rawValue, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard raw >= 0 else { throw DiskError("open", path, errno) }
        return Descriptor(rawValue: raw)
    }

    package func freeFiles(at descriptor: Descriptor) throws(DiskError) -> Int64? {
        var info = statvfs()
        guard fstatvfs(descriptor.rawValue, &info) == 0 else { throw DiskError("fstatvfs", "", errno) }
        // Some file systems, such as Btrfs, create inodes on demand.
        return info.f_files == 0 ? nil : Int64(clamping: UInt64(info.f_favail))
    }

    package func names(in directory: Descriptor) throws(DiskError) -> [String] {
        try rawNames(in: directory).map { String(decoding: $0, as: UTF8.self) }
    }

    package func rawNames(in directory: Descriptor) throws(DiskError) -> [[UInt8]] {
        // A descriptor of its own, because fdopendir(3) takes ownership of the descriptor and its position.
        let raw = openat(directory.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard raw >= 0 else { throw DiskError("openat", ".", errno) }
        guard let stream = fdopendir(raw) else {
            let code = errno
            _ = closeFile(raw)
            throw DiskError("fdopendir", ".", code)
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw DiskError("readdir", ".", errno) }
                return names
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { pointer in
                    Array(
                        UnsafeBufferPointer(start: pointer, count: strlen(pointer)).lazy.map { UInt8(bitPattern: $0) })
                }
            }
            if name != [0x2E], name != [0x2E, 0x2E] { names.append(name) }
        }
    }

    package func read(
        _ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(DiskError) -> Int {
        let count = pread(descriptor.rawValue, buffer.baseAddress, buffer.count, off_t(offset))
        guard count >= 0 else { throw DiskError("read", "", errno) }
        return count
    }

    package func write(
        _ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64
    ) throws(DiskError) -> Int {
        let count = pwrite(descriptor.rawValue, bytes.baseAddress, bytes.count, off_t(offset))
        guard count >= 0 else { throw DiskError("write", "", errno) }
        return count
    }

    package func truncate(_ descriptor: Descriptor, to size: Int64) throws(DiskError) {
        guard ftruncate(descriptor.rawValue, off_t(size)) == 0 else { throw DiskError("ftruncate", "", errno) }
    }

    /// What is preallocated in a tmpfs(5) is zeroed first, while nothing else can be written: 0.3 s for 1 GB.
    private static let mostInMemory: Int64 = 16 << 20

    package func preallocate(_ descriptor: Descriptor, _ size: Int64) throws(DiskError) {
        guard size > 0 else { return }
        if size > Self.mostInMemory, clinux_is_in_memory(descriptor.rawValue) != 0 {
            throw DiskError("fallocate", "", EOPNOTSUPP)
        }
        guard clinux_preallocate(descriptor.rawValue, size) == 0 else { throw DiskError("fallocate", "", errno) }
    }

    package func firstHole(in descriptor: Descriptor, size: Int64) -> Int64 {
        guard size > 0 else { return 0 }
        let hole = clinux_first_hole(descriptor.rawValue)
        return hole < 0 ? size : min(hole, size)
    }

    package func clone(_ source: Descriptor, to target: Descriptor) throws(DiskError) {
        guard clinux_clone(source.rawValue, target.rawValue) == 0 else { throw DiskError("ioctl FICLONE", "", errno) }
    }

    package func copy(_ source: Descriptor, to target: Descriptor, _ range: Range<Int64>) throws(DiskError) -> Int64 {
        let count = clinux_copy(source.rawValue, target.rawValue, range.lowerBound, Int64(range.count))
        guard count >= 0 else { throw DiskError("copy_file_range", "", errno) }
        return count
    }

    package func synchronize(_ descriptor: Descriptor) throws(DiskError) {
        guard fsync(descriptor.rawValue) == 0 else { throw DiskError("fsync", "", errno) }
    }

    package func forgetCached(_ descriptor: Descriptor) {
        _ = posix_fadvise(descriptor.rawValue, 0, 0, POSIX_FADV_DONTNEED)
    }

    package func startWriteback(_ descriptor: Descriptor, _ range: Range<Int64>) {
        clinux_start_writeback(descriptor.rawValue, range.lowerBound, range.upperBound - range.lowerBound)
    }

    package func rename(
        _ name: String, in directory: Descriptor, to newName: String, in newDirectory: Descriptor
    ) throws(DiskError) {
        guard renameat(directory.rawValue, name, newDirectory.rawValue, newName) == 0 else {
            throw DiskError("rename", name, errno)
        }
    }

    package func link(
        _ name: String, in directory: Descriptor, to newName: String, in newDirectory: Descriptor
    ) throws(DiskError) {
        guard linkat(directory.rawValue, name, newDirectory.rawValue, newName, 0) == 0 else {
            throw DiskError("link", name, errno)
        }
    }

    package func remove(_ name: String, in directory: Descriptor) throws(DiskError) {
        guard unlinkat(directory.rawValue, name, 0) == 0 else { throw DiskError("unlink", name, errno) }
    }

    package func lock(_ descriptor: Descriptor) throws(DiskError) -> Bool {
        if flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 { return true }
        if errno == EWOULDBLOCK { return false }
        throw DiskError("flock", "", errno)
    }
}

extension DiskError {
    /// Reported for a write of 0 bytes.
    static var wroteNothing: Int32 { ENOSPC }
}

extension FileStatus {
    fileprivate init(_ info: stat) {
        let kind: Kind =
            switch info.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symlink
            default: .other
            }
        let (modified, changed) = (info.st_mtim, info.st_ctim)
        self.init(
            kind: kind, size: Int64(info.st_size), allocated: Int64(info.st_blocks) * 512,
            modifiedNanoseconds: Int64(modified.tv_sec) &* 1_000_000_000 &+ Int64(modified.tv_nsec),
            changedNanoseconds: Int64(changed.tv_sec) &* 1_000_000_000 &+ Int64(changed.tv_nsec),
            inode: UInt64(info.st_ino), device: UInt64(info.st_dev), links: UInt64(info.st_nlink))
        isWorldWritable = kind == .directory && info.st_mode & S_IWOTH != 0 && info.st_mode & S_ISVTX == 0
    }
}
