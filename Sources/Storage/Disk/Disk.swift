/// The seam to the file system: the only raw file calls of the project.
///
/// ``SystemDisk`` makes them for real; a simulator stands in its place to tear writes, lose caches and fail every call in
/// turn. Each method is one system call (named in its comment) with its sharp edges kept: reads and writes may be short, and
/// `EINTR` is an error like any other. The loops live once, in the extension beside this file.
///
/// Every method blocks; none is called on a thread that must not.
package protocol Disk: Sendable {
    /// open(2) of a directory the user typed: symlinks on the way are followed.
    func openDirectory(_ path: String) throws(DiskError) -> Descriptor
    /// mkdir(2), of a path the user typed.
    func makeDirectory(_ path: String) throws(DiskError)
    /// openat2(2) below `directory`, following no symlink on the way; an openat(2) walk where the kernel lacks it. Always with
    /// `O_CLOEXEC`, `O_NOFOLLOW` and `O_NONBLOCK`, so that a FIFO in the way can neither be followed nor hang the program.
    func open(_ path: String, in directory: Descriptor, _ access: Access) throws(DiskError) -> Descriptor
    /// mkdirat(2); `name` is one component.
    func makeDirectory(_ name: String, in directory: Descriptor) throws(DiskError)
    /// close(2). Errors say nothing that a caller could use: what must be durable was synchronized before.
    func close(_ descriptor: Descriptor)

    /// fstat(2).
    func status(of descriptor: Descriptor) throws(DiskError) -> FileStatus
    /// fstatat(2) with `AT_SYMLINK_NOFOLLOW`; `nil` where nothing has the name. `name` is one component.
    func status(of name: String, in directory: Descriptor) throws(DiskError) -> FileStatus?
    /// fstatvfs(2): the bytes this user may still write there.
    func freeBytes(at descriptor: Descriptor) throws(DiskError) -> Int64
    /// fstatvfs(2): how many more files this user may make there; `nil` where the file system sets no number.
    func freeFiles(at descriptor: Descriptor) throws(DiskError) -> Int64?
    /// readdir(3): the names in a directory, in no order, without `.` and `..`.
    func names(in directory: Descriptor) throws(DiskError) -> [String]
    /// The same as bytes: a name need not be UTF-8, and what is not comes out of ``names(in:)`` changed.
    func rawNames(in directory: Descriptor) throws(DiskError) -> [[UInt8]]
    /// Opens a regular file below a directory for reading, through whatever symbolic links lead to it.
    func openFollowingLinks(_ path: String, in directory: Descriptor) throws(DiskError) -> Descriptor

    /// pread(2): may be short; 0 is the end of the file.
    func read(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(DiskError)
        -> Int
    /// pwrite(2): may be short.
    func write(_ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(DiskError) -> Int
    /// ftruncate(2).
    func truncate(_ descriptor: Descriptor, to size: Int64) throws(DiskError)
    /// fallocate(2) with `FALLOC_FL_KEEP_SIZE`: reserves blocks, leaves the size. Where the file system cannot, `EOPNOTSUPP`.
    func preallocate(_ descriptor: Descriptor, _ size: Int64) throws(DiskError)
    /// lseek(2) with `SEEK_HOLE`: where the first hole begins; `size` where there is none or the file system cannot tell.
    func firstHole(in descriptor: Descriptor, size: Int64) -> Int64
    /// ioctl_ficlone(2): `target` becomes what `source` is, sharing its blocks. Where the file system cannot, `EOPNOTSUPP`,
    /// `EXDEV`, `EINVAL` or `ENOTTY`.
    func clone(_ source: Descriptor, to target: Descriptor) throws(DiskError)
    /// copy_file_range(2), at the same offset in both files: may be short; 0 is the end of `source`. Where the file system
    /// cannot, `EOPNOTSUPP`, `EXDEV`, `EINVAL` or `ENOSYS`.
    func copy(_ source: Descriptor, to target: Descriptor, _ range: Range<Int64>) throws(DiskError) -> Int64
    /// fsync(2), of a file or a directory.
    func synchronize(_ descriptor: Descriptor) throws(DiskError)
    /// sync_file_range(2) with `SYNC_FILE_RANGE_WRITE`: asks for writeback to begin; a hint, so its failures are not told.
    func startWriteback(_ descriptor: Descriptor, _ range: Range<Int64>)

    /// posix_fadvise(2) with `POSIX_FADV_DONTNEED`: what is cached of the file and clean is forgotten, so that reads tell what
    /// the disk holds; a hint, so its failures are not told.
    func forgetCached(_ descriptor: Descriptor)

    /// renameat(2), replacing what has the new name. Both names are single components.
    func rename(_ name: String, in directory: Descriptor, to newName: String, in newDirectory: Descriptor)
        throws(DiskError)
    /// linkat(2): a file gets one more name, which must be free. Both names are single components; a symlink is not followed.
    /// Where the file system has no hard links, `EPERM`, `EOPNOTSUPP` or `EMLINK`.
    func link(_ name: String, in directory: Descriptor, to newName: String, in newDirectory: Descriptor)
        throws(DiskError)
    /// unlinkat(2) of a file.
    func remove(_ name: String, in directory: Descriptor) throws(DiskError)
    /// flock(2) with `LOCK_EX | LOCK_NB`: whether the lock is ours now.
    func lock(_ descriptor: Descriptor) throws(DiskError) -> Bool
}

/// A descriptor that a ``Disk`` gave out.
package struct Descriptor: Hashable, Sendable {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }
}

/// What a file is opened for.
package enum Access: Sendable {
    case read
    /// Read and write what exists.
    case update
    /// Read and write; made (0666 less the umask) if nothing has the name.
    case create
    /// Read and write; must not exist.
    case createNew
    /// A directory.
    case directory
}

/// What stat(2) tells.
package struct FileStatus: Hashable, Sendable {
    package enum Kind: String, Sendable { case regular, directory, symlink, other }

    package var kind: Kind
    package var size: Int64
    /// Bytes of disk behind the file: less than `size` where it has holes.
    package var allocated: Int64
    package var modifiedNanoseconds: Int64
    package var changedNanoseconds: Int64
    package var inode: UInt64
    package var device: UInt64
    package var links: UInt64
    /// Whether everybody may rename and remove what is in it: a directory that others may write, and that is not sticky.
    package var isOpenToEverybody = false

    package init(
        kind: Kind, size: Int64, allocated: Int64, modifiedNanoseconds: Int64, changedNanoseconds: Int64, inode: UInt64,
        device: UInt64, links: UInt64
    ) {
        self.kind = kind
        self.size = size
        self.allocated = allocated
        self.modifiedNanoseconds = modifiedNanoseconds
        self.changedNanoseconds = changedNanoseconds
        self.inode = inode
        self.device = device
        self.links = links
    }
}
