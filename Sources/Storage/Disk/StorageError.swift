/// Why something could not be created, read or written here.
package struct StorageError: Error, Sendable {
    /// The kinds of failure that callers tell apart.
    package struct Code: Hashable, Sendable {
        private let name: String

        /// The directory to audit does not exist.
        package static let noSuchDirectory = Code(name: "no such directory")
        /// Another process holds the directory's lock.
        package static let locked = Code(name: "locked")
        /// Disk full, quota or file size limit reached, now or foreseeably.
        package static let noSpace = Code(name: "no space")
        /// There is room for bytes, but not for another file.
        package static let noInodes = Code(name: "no inodes")
        /// Something that is not a regular file (a symlink, a FIFO, a directory) stands in the way.
        package static let inTheWay = Code(name: "in the way")
        /// The directory or a file was moved, removed or replaced under the run.
        package static let disturbed = Code(name: "disturbed")
        /// Any other failing system call: permission, read-only, input/output error, limits.
        package static let failed = Code(name: "failed")
    }

    package let code: Code
    /// The file or directory it happened to, as the user would name it.
    package let path: String
    /// One clause that says what happened, without the path.
    package let reason: String
    /// The system call behind it, where there is one.
    package let underlying: DiskError?

    package init(_ code: Code, path: String, reason: String, underlying: DiskError? = nil) {
        self.code = code
        self.path = path
        self.reason = reason
        self.underlying = underlying
    }

    /// Words a failed system call: `doing` says what was attempted, as in "cannot write".
    package init(_ doing: String, _ path: String, _ error: DiskError) {
        let code: Code = error.isSpace ? .noSpace : error.isSymlink || error.isDirectoryMismatch ? .inTheWay : .failed
        let reason =
            error.isSymlink
            ? "\(doing): a symbolic link stands in the way, and none is followed here"
            : "\(doing): \(error.reason) (\(error.call))"
        self.init(code, path: path, reason: reason, underlying: error)
    }
}

extension StorageError {
    /// Whether the path that the user typed for a directory leads to something else.
    package var isOfTheDirectoryItself: Bool {
        underlying?.isDirectoryMismatch == true && reason.hasPrefix(Self.openingDirectory)
    }

    /// Whether this user may not write there, or nobody may.
    package var isRefusalToWrite: Bool { underlying?.isReadOnly == true || underlying?.isPermission == true }

    static let openingDirectory = "cannot open the directory"
}

/// Runs a system call and words its failure.
package func attempt<R>(_ doing: String, _ path: String, _ call: () throws(DiskError) -> R) throws(StorageError) -> R {
    do throws(DiskError) { return try call() } catch { throw StorageError(doing, path, error) }
}
