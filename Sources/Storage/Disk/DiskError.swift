internal import Glibc

/// A system call that failed: which, on what, and its `errno`.
package struct DiskError: Error, Hashable, Sendable {
    /// The call, as its manual page is named.
    package let call: String
    /// What it was about, as far as the caller of the call knows: a path, a name, or a descriptor's file.
    package let path: String
    /// errno(3).
    package let code: Int32

    package init(_ call: String, _ path: String, _ code: Int32) {
        self.call = call
        self.path = path
        self.code = code
    }

    /// The system's words for ``code``.
    package var reason: String {
        // strerror_r(3) rather than strerror(3), which is not safe with threads.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard strerror_r(code, buffer.baseAddress!, buffer.count) == 0 else { return "error \(code)" }
            return String(cString: buffer.baseAddress!)
        }
    }

    package var isMissing: Bool { code == ENOENT }
    package var isInterrupted: Bool { code == EINTR }
    package var isUnsupported: Bool { code == EOPNOTSUPP || code == ENOSYS || code == EINVAL }
    package var isPermission: Bool { code == EACCES || code == EPERM }
    /// The file system has no hard links, or not this one.
    var isNoLink: Bool { isUnsupported || code == EPERM || code == EXDEV || code == EMLINK }
    package var isReadOnly: Bool { code == EROFS }
    package var isExisting: Bool { code == EEXIST }
    /// Disk full, quota or file size limit reached.
    package var isSpace: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }
    /// No block, or no inode, is left.
    package var isDiskFull: Bool { code == ENOSPC }
    /// The file would be larger than the shell's limit or the file system allows.
    package var isFileSizeLimit: Bool { code == EFBIG }
    /// A symlink stands where none is followed.
    package var isSymlink: Bool { code == ELOOP }
    package var isDirectoryMismatch: Bool { code == ENOTDIR || code == EISDIR }
}

extension DiskError: CustomStringConvertible {
    package var description: String { "\(call): \(reason) (errno \(code))" }
}
