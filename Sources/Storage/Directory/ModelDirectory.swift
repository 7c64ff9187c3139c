internal import Threads

/// A model directory, held open by its descriptor during a run.
///
/// Every file is reached from this descriptor without following symbolic links. Nothing outside the directory is read or written,
/// whatever a manifest, a server or a symbolic link says. If the directory is renamed or removed during the run, operations
/// affect the directory that was opened, or fail.
package final class ModelDirectory: Sendable {
    package let disk: any Disk
    /// The path as the user gave it.
    package let path: String
    let root: OpenFile
    /// More bytes than a directory grows by when a file is created in it.
    private static let spaceForName: Int64 = 64 << 10
    /// The subdirectories whose names were made durable.
    let synchronized = Lock<Set<String>>([])

    /// Opens a directory that exists.
    ///
    /// - Throws: ``StorageError/Code/noSuchDirectory`` if it does not exist.
    package init(existing path: String, on disk: any Disk) throws(StorageError) {
        self.disk = disk
        self.path = path
        do throws(DiskError) {
            root = OpenFile(owning: try disk.openDirectory(path), path: path, on: disk)
        } catch {
            guard !error.isMissing else {
                throw StorageError(
                    .noSuchDirectory, path: path, reason: "there is no such directory", underlying: error)
            }
            throw StorageError(StorageError.openingDirectory, path, error)
        }
    }

    /// The path of a file in the directory, for messages.
    package func display(_ file: String) -> String { path.hasSuffix("/") ? path + file : path + "/" + file }

    /// Opens a regular file.
    ///
    /// - Returns: `nil` if there is no such file and `access` does not create one.
    /// - Throws: ``StorageError/Code/notRegularFile`` for anything that is not a regular file.
    package func open(_ file: String, _ access: Access) throws(StorageError) -> OpenFile? {
        let shown = display(file)
        let opened: OpenFile
        do throws(DiskError) {
            opened = OpenFile(owning: try disk.open(file, in: root.descriptor, access), path: shown, on: disk)
        } catch {
            if error.isMissing { return nil }
            // The error may be ENXIO for a FIFO without a reader, or EISDIR: name the file type instead.
            if let status = try? status(of: file), status.kind != .regular {
                throw StorageError(
                    .notRegularFile, path: shown, reason: notRegular(status.kind.noun),
                    underlying: error)
            }
            throw explained(StorageError("cannot open it", shown, error))
        }
        let kind = try opened.status().kind
        guard kind == .regular else {
            throw StorageError(.notRegularFile, path: shown, reason: notRegular(kind.noun))
        }
        return opened
    }

    /// Creates a file under a name that is free.
    func create(_ file: String) throws(StorageError) -> OpenFile {
        guard let new = try open(file, .createNew) else {
            throw StorageError(
                .modifiedExternally, path: display(file),
                reason: "another program removed its directory during the download")
        }
        return new
    }

    /// Opens a regular file for reading and follows symbolic links: only for operations that write nothing.
    ///
    /// - Returns: `nil` if there is no such file, or if a link is dangling.
    package func openFollowingLinks(_ file: String) throws(StorageError) -> OpenFile? {
        let shown = display(file)
        do throws(DiskError) {
            return OpenFile(
                owning: try disk.openFollowingLinks(file, in: root.descriptor), path: shown, on: disk)
        } catch {
            if error.isMissing { return nil }
            guard error.isSymlink else { throw StorageError("cannot open it", shown, error) }
            let kind = (try? status(of: file))?.flatMap { $0.kind } ?? .other
            let what = kind == .symlink ? "a symbolic link to something else" : kind.noun
            throw StorageError(
                .notRegularFile, path: shown, reason: notRegular(what), underlying: error)
        }
    }

    /// The status of a file, without following a symbolic link; `nil` if the file or a parent directory does not exist.
    package func status(of file: String) throws(StorageError) -> FileStatus? {
        do throws(DiskError) {
            return try withParent(of: file) { (parent, name) throws(DiskError) in try disk.status(of: name, in: parent)
            }
        } catch {
            if error.isMissing { return nil }
            throw StorageError("cannot get its status", display(file), error)
        }
    }

    /// The number of bytes that this user can still write here.
    package func freeBytes() throws(StorageError) -> Int64 {
        try attempt("cannot determine the free space", path) { () throws(DiskError) in
            try disk.freeBytes(at: root.descriptor)
        }
    }

    /// If a file could not be created for lack of space although the file system has only run out of inodes, an error that says so.
    ///
    /// By now another program or task may have freed an inode, so free space alone says it too: a new file needs an inode, and at
    /// most some blocks for its name.
    func explained(_ error: StorageError) -> StorageError {
        guard error.underlying?.isDiskFull == true, let files = try? disk.freeFiles(at: root.descriptor),
            files == 0 || (try? disk.freeBytes(at: root.descriptor)) ?? 0 >= Self.spaceForName
        else {
            return error
        }
        return StorageError(
            .noInodes, path: error.path, reason: "the file system has no inodes left, so no file can be created on it",
            underlying: error.underlying)
    }

    /// Whether any user can rename and remove the files in it.
    package func isWorldWritable() -> Bool { (try? disk.status(of: root.descriptor))?.isWorldWritable ?? false }

    /// Whether the directory was removed during the run. Files in it that are still open are gone when the run ends.
    package func isRemoved() -> Bool { (try? disk.status(of: root.descriptor))?.links == 0 }

    /// Whether the path still leads to the directory that was opened.
    package func isAtItsPath() -> Bool {
        guard let again = try? disk.openDirectory(path) else { return false }
        defer { disk.close(again) }
        guard let now = try? disk.status(of: again), let then = try? disk.status(of: root.descriptor) else {
            return false
        }
        return now.inode == then.inode && now.device == then.device
    }

    /// Calls `body` with the directory that contains `file`, and the file's name in it.
    func withParent<R>(
        of file: String, _ body: (Descriptor, String) throws(DiskError) -> R
    ) throws(DiskError) -> R {
        guard let slash = file.utf8.lastIndex(of: UInt8(ascii: "/")) else { return try body(root.descriptor, file) }
        let parent = try disk.open(String(file[..<slash]), in: root.descriptor, .directory)
        defer { disk.close(parent) }
        return try body(parent, String(file[file.utf8.index(after: slash)...]))
    }
}

/// The reason when a name that must belong to a regular file belongs to something else.
private func notRegular(_ what: String) -> String { "this must be a regular file, but it is \(what)" }

extension FileStatus.Kind {
    /// The kind for messages.
    fileprivate var noun: String {
        switch self {
        case .regular: "a regular file"
        case .directory: "a directory"
        case .symlink: "a symbolic link"
        case .other: "a device or FIFO"
        }
    }
}
