internal import Glibc

/// A failed system call: its name, what it was called on, and its `errno`.
package struct DiskError: Error, Hashable, Sendable {
    /// The name of the call's manual page.
    package let call: String
    /// A path or a name, as far as the caller knows it; empty for a call on a descriptor.
    package let path: String
    /// errno(3).
    package let code: Int32

    package init(_ call: String, _ path: String, _ code: Int32) {
        self.call = call
        self.path = path
        self.code = code
    }

    /// The system's message for ``code``.
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
    /// The file system cannot make this hard link.
    var isNoLink: Bool { isUnsupported || code == EPERM || code == EXDEV || code == EMLINK }
    package var isReadOnly: Bool { code == EROFS }
    package var isExisting: Bool { code == EEXIST }
    /// The disk is full, or a quota or file size limit is reached.
    package var isSpace: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }
    /// No block or no inode is left.
    package var isDiskFull: Bool { code == ENOSPC }
    /// The file would exceed the shell's limit (`ulimit -f`) or that of the file system.
    package var isFileSizeLimit: Bool { code == EFBIG }
    /// The path contains a symbolic link that is not followed.
    package var isSymlink: Bool { code == ELOOP }
    package var isDirectoryMismatch: Bool { code == ENOTDIR || code == EISDIR }
}

extension DiskError: CustomStringConvertible {
    package var description: String { "\(call): \(reason) (errno \(code))" }
}
