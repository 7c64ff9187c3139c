/// What stat(2) reports.
package struct FileStatus: Hashable, Sendable {
    package enum Kind: String, Sendable { case regular, directory, symlink, other }

    package var kind: Kind
    package var size: Int64
    /// The disk space that the file occupies, in bytes: less than `size` if it has holes.
    package var allocated: Int64
    package var modifiedNanoseconds: Int64
    package var changedNanoseconds: Int64
    package var inode: UInt64
    package var device: UInt64
    package var links: UInt64
    /// Whether any user can rename and remove the files in this directory: it is world-writable and not sticky.
    package var isWorldWritable = false

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

extension FileStatus {
    /// Whether the file system records times more precisely than in seconds. If not, an edit within the second in which a file was
    /// verified leaves no trace in its times.
    package var hasFineTimes: Bool {
        modifiedNanoseconds % 1_000_000_000 != 0 || changedNanoseconds % 1_000_000_000 != 0
    }

    /// Whether this is the same file with the same content, as far as size and modification time show. Its names may have changed.
    package func isSameContent(as other: FileStatus) -> Bool {
        kind == other.kind && inode == other.inode && device == other.device && size == other.size
            && modifiedNanoseconds == other.modifiedNanoseconds
    }

    /// Whether this is the same file, and nothing about it has changed.
    package func isSameFile(as other: FileStatus) -> Bool {
        kind == other.kind && inode == other.inode && device == other.device && size == other.size
            && modifiedNanoseconds == other.modifiedNanoseconds && changedNanoseconds == other.changedNanoseconds
    }
}
