/// The seam to the file system: the only raw file calls of the project.
///
/// ``SystemDisk`` makes real system calls; a simulator takes its place to tear writes, lose caches and fail every call in
/// turn. Each method is one system call, named in its comment, without any smoothing: reads and writes may be short, and
/// `EINTR` is an error like any other. The loops around them are in `Disk+Whole`.
///
/// No method has a default, so that no disk of a test can miss a call. Every method blocks.
package protocol Disk: Sendable {
    /// open(2) of a directory that the user named: symbolic links are followed.
    func openDirectory(_ path: String) throws(DiskError) -> Descriptor
    /// mkdir(2) of a path that the user named.
    func makeDirectory(_ path: String) throws(DiskError)
    /// openat2(2) below `directory`, following no symbolic link; an openat(2) walk if the kernel lacks it. Always with
    /// `O_CLOEXEC`, `O_NOFOLLOW` and `O_NONBLOCK`, so that opening a FIFO cannot block the program.
    func open(_ path: String, in directory: Descriptor, _ access: Access) throws(DiskError) -> Descriptor
    /// mkdirat(2); `name` is one component.
    func makeDirectory(_ name: String, in directory: Descriptor) throws(DiskError)
    /// close(2). Its errors are ignored: what must be durable was synchronized before.
    func close(_ descriptor: Descriptor)

    /// fstat(2).
    func status(of descriptor: Descriptor) throws(DiskError) -> FileStatus
    /// fstatat(2) with `AT_SYMLINK_NOFOLLOW`; `nil` if nothing has this name. `name` is one component.
    func status(of name: String, in directory: Descriptor) throws(DiskError) -> FileStatus?
    /// fstatvfs(2): the bytes that this user can still write there.
    func freeBytes(at descriptor: Descriptor) throws(DiskError) -> Int64
    /// fstatvfs(2): how many more files this user can create there; `nil` if the file system has no limit.
    func freeFiles(at descriptor: Descriptor) throws(DiskError) -> Int64?
    /// readdir(3): the names in a directory, in no order, without `.` and `..`.
    func names(in directory: Descriptor) throws(DiskError) -> [String]
    /// The same as bytes: a name need not be UTF-8, and ``names(in:)`` alters one that is not.
    func rawNames(in directory: Descriptor) throws(DiskError) -> [[UInt8]]
    /// Opens a regular file below a directory for reading; symbolic links are followed.
    func openFollowingLinks(_ path: String, in directory: Descriptor) throws(DiskError) -> Descriptor

    /// pread(2): may be short; 0 is the end of the file.
    func read(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(DiskError)
        -> Int
    /// pwrite(2): may be short.
    func write(_ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(DiskError) -> Int
    /// ftruncate(2).
    func truncate(_ descriptor: Descriptor, to size: Int64) throws(DiskError)
    /// fallocate(2) with `FALLOC_FL_KEEP_SIZE`: reserves blocks and leaves the size. `EOPNOTSUPP` if the file system does not support it.
    func preallocate(_ descriptor: Descriptor, _ size: Int64) throws(DiskError)
    /// lseek(2) with `SEEK_HOLE`: where the first hole begins; `size` if there is none or the file system does not report holes.
    func firstHole(in descriptor: Descriptor, size: Int64) -> Int64
    /// ioctl_ficlone(2): `target` becomes a copy of `source` that shares its blocks. `EOPNOTSUPP`, `EXDEV`, `EINVAL` or
    /// `ENOTTY` if the file system does not support it.
    func clone(_ source: Descriptor, to target: Descriptor) throws(DiskError)
    /// copy_file_range(2), at the same offset in both files: may be short; 0 is the end of `source`. `EOPNOTSUPP`,
    /// `EXDEV`, `EINVAL` or `ENOSYS` if it is not supported.
    func copy(_ source: Descriptor, to target: Descriptor, _ range: Range<Int64>) throws(DiskError) -> Int64
    /// fsync(2), of a file or a directory.
    func synchronize(_ descriptor: Descriptor) throws(DiskError)
    /// sync_file_range(2) with `SYNC_FILE_RANGE_WRITE`: asks for writeback to begin; a hint, so failures are ignored.
    func startWriteback(_ descriptor: Descriptor, _ range: Range<Int64>)

    /// posix_fadvise(2) with `POSIX_FADV_DONTNEED`: drops the clean cached pages of the file, so that reads return what the
    /// disk holds; a hint, so failures are ignored.
    func forgetCached(_ descriptor: Descriptor)

    /// renameat(2), replacing any file with the new name. Both names are single components.
    func rename(_ name: String, in directory: Descriptor, to newName: String, in newDirectory: Descriptor)
        throws(DiskError)
    /// linkat(2): gives a file another name, which must be free. Both names are single components; a symbolic link is not followed.
    /// `EPERM`, `EOPNOTSUPP` or `EMLINK` if the file system has no hard links.
    func link(_ name: String, in directory: Descriptor, to newName: String, in newDirectory: Descriptor)
        throws(DiskError)
    /// unlinkat(2) of a file.
    func remove(_ name: String, in directory: Descriptor) throws(DiskError)
    /// flock(2) with `LOCK_EX | LOCK_NB`: whether the lock was acquired.
    func lock(_ descriptor: Descriptor) throws(DiskError) -> Bool
}
