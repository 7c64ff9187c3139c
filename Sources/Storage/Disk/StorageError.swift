/// Why something in a model directory could not be created, read or written.
package struct StorageError: Error, Sendable {
    /// The kinds of failure that callers distinguish.
    package struct Code: Hashable, Sendable {
        private let name: String

        /// The directory to audit does not exist.
        package static let noSuchDirectory = Code(name: "no such directory")
        /// Another process holds the directory's lock.
        package static let locked = Code(name: "locked")
        /// The disk is full, or a quota or file size limit is reached, now or foreseeably.
        package static let noSpace = Code(name: "no space")
        /// There is space for bytes, but not for another file.
        package static let noInodes = Code(name: "no inodes")
        /// A regular file is needed, and the name belongs to something else: a symbolic link, a FIFO, a directory.
        package static let notRegularFile = Code(name: "not a regular file")
        /// Another program moved, removed, replaced or changed the directory or a file during the run.
        package static let modifiedExternally = Code(name: "modified externally")
        /// Any other failed system call: permission, read-only file system, input/output error, limits.
        package static let failed = Code(name: "failed")
    }

    package let code: Code
    /// The file or directory, as the user would name it.
    package let path: String
    /// What happened, in one clause without the path.
    package let reason: String
    /// The failed system call, if there was one.
    package let underlying: DiskError?

    package init(_ code: Code, path: String, reason: String, underlying: DiskError? = nil) {
        self.code = code
        self.path = path
        self.reason = reason
        self.underlying = underlying
    }

    /// Describes a failed system call.
    ///
    /// - Parameter doing: what was attempted, as in "cannot write".
    package init(_ doing: String, _ path: String, _ error: DiskError) {
        let code: Code =
            error.isSpace ? .noSpace : error.isSymlink || error.isDirectoryMismatch ? .notRegularFile : .failed
        let reason =
            error.isSymlink
            ? "\(doing): there is a symbolic link in the path, and symbolic links are not followed here"
            : "\(doing): \(error.reason) (\(error.call))"
        self.init(code, path: path, reason: reason, underlying: error)
    }
}

extension StorageError {
    /// Whether the path that the user gave for a directory leads to something else.
    package var isOfTheDirectoryItself: Bool {
        underlying?.isDirectoryMismatch == true && reason.hasPrefix(Self.openingDirectory)
    }

    /// Whether this user has no permission to write there, or the file system is read-only.
    package var isRefusalToWrite: Bool { underlying?.isReadOnly == true || underlying?.isPermission == true }

    static let openingDirectory = "cannot open the directory"
}

/// Runs a system call, and describes its failure.
package func attempt<R>(_ doing: String, _ path: String, _ call: () throws(DiskError) -> R) throws(StorageError) -> R {
    do throws(DiskError) { return try call() } catch { throw StorageError(doing, path, error) }
}
