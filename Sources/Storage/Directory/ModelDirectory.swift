internal import Synchronization

/// A model directory, held by its descriptor for as long as the run lasts.
///
/// Every file is reached from the descriptor, step by step, and no symlink below it is followed: whatever a manifest, a
/// server or somebody with a `ln -s` says, nothing outside is read or written. The directory may be renamed or removed
/// meanwhile; what is done then is done to the directory that was opened, or fails.
package final class ModelDirectory: Sendable {
    package let disk: any Disk
    /// The path as the user gave it, for messages.
    package let path: String
    private let root: OpenFile
    /// The directories below whose names were made durable.
    private let synchronized = Mutex<Set<String>>([])

    /// Opens a directory that exists.
    ///
    /// - Throws: ``StorageError/Code/noSuchDirectory`` when it does not.
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

    /// Opens a directory, and makes it and its missing parents; their names survive a power cut from then on, or everything below
    /// would go with them.
    package convenience init(creating path: String, on disk: any Disk) throws(StorageError) {
        try Self.makeMissing(path, on: disk)
        try self.init(existing: path, on: disk)
        // A run that was killed may have made some of them and not lived to see to that. Whoever made the state directory did.
        if try status(of: StateNames.directory) == nil { try synchronizeParents() }
    }

    private static func makeMissing(_ path: String, on disk: any Disk) throws(StorageError) {
        do throws(DiskError) {
            try disk.makeDirectory(path)
        } catch {
            if error.isExisting { return }
            let parent = parentPath(path)
            guard error.isMissing, parent != path else { throw StorageError("cannot make the directory", path, error) }
            try makeMissing(parent, on: disk)
            try attempt("cannot make the directory", path) { () throws(DiskError) in
                do throws(DiskError) { try disk.makeDirectory(path) } catch  where error.isExisting {}
            }
        }
    }

    /// Makes the directory's name durable, and those of its parents, up to where the typed path begins.
    ///
    /// - Throws: if an fsync(2) fails. That a parent may not be read, or that its file system cannot synchronize directories, is
    ///   no error: it must not forbid the download.
    private func synchronizeParents() throws(StorageError) {
        var above = path
        while above != ".", above != "/" {
            above = Self.parentPath(above)
            try attempt("cannot make its names durable", above) { () throws(DiskError) in
                do throws(DiskError) {
                    let opened = try disk.openDirectory(above)
                    defer { disk.close(opened) }
                    try disk.synchronize(opened)
                } catch  where error.isUnsupported || error.isPermission {}
            }
        }
    }

    /// The directory that holds a path, as text: `.` for a plain name.
    package static func parentPath(_ path: String) -> String {
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
    }

    /// How messages name a file below the directory.
    package func display(_ file: String) -> String { path.hasSuffix("/") ? path + file : path + "/" + file }

    /// Opens a regular file.
    ///
    /// - Returns: `nil` if there is no such file and `access` makes none.
    /// - Throws: ``StorageError/Code/inTheWay`` for anything that is not a regular file.
    package func open(_ file: String, _ access: Access) throws(StorageError) -> OpenFile? {
        let shown = display(file)
        let opened: OpenFile
        do throws(DiskError) {
            opened = OpenFile(owning: try disk.open(file, in: root.descriptor, access), path: shown, on: disk)
        } catch {
            if error.isMissing { return nil }
            // A FIFO without a reader gives ENXIO here, a directory EISDIR: say what stands there rather than that.
            if let status = try? status(of: file), status.kind != .regular {
                throw StorageError(
                    .inTheWay, path: shown, reason: "a \(status.kind.noun) stands where a file belongs",
                    underlying: error)
            }
            throw explained(StorageError("cannot open it", shown, error))
        }
        let kind = try opened.status().kind
        guard kind == .regular else {
            throw StorageError(.inTheWay, path: shown, reason: "a \(kind.noun) stands where a file belongs")
        }
        return opened
    }

    /// Makes a file under a name that is free.
    func create(_ file: String) throws(StorageError) -> OpenFile {
        guard let new = try open(file, .createNew) else {
            throw StorageError(
                .disturbed, path: display(file), reason: "the directory was removed while the download ran")
        }
        return new
    }

    /// Opens a regular file for reading, through symbolic links, wherever they lead: only for who looks and writes nothing.
    ///
    /// - Returns: `nil` if there is no such file, or a link leads to nothing.
    package func openFollowingLinks(_ file: String) throws(StorageError) -> OpenFile? {
        let shown = display(file)
        do throws(DiskError) {
            return OpenFile(
                owning: try disk.openFollowingLinks(file, in: root.descriptor), path: shown, on: disk)
        } catch {
            if error.isMissing { return nil }
            guard error.isSymlink else { throw StorageError("cannot open it", shown, error) }
            let kind = (try? status(of: file))?.flatMap { $0.kind } ?? .other
            let what = kind == .symlink ? "symbolic link to something that is no regular file" : kind.noun
            throw StorageError(
                .inTheWay, path: shown, reason: "a \(what) stands where a file belongs", underlying: error)
        }
    }

    /// What has the name, a symlink itself included; `nil` where nothing does, or where a parent directory is missing.
    package func status(of file: String) throws(StorageError) -> FileStatus? {
        do throws(DiskError) {
            return try withParent(of: file) { (parent, name) throws(DiskError) in try disk.status(of: name, in: parent)
            }
        } catch {
            if error.isMissing { return nil }
            throw StorageError("cannot look at it", display(file), error)
        }
    }

    /// Makes the directories on the way to `file`, each durable in its parent.
    package func makeParents(of file: String) throws(StorageError) {
        let parts = file.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
        for count in 1..<max(parts.count, 1) {
            let path = parts[..<count].joined(separator: "/")
            do throws(DiskError) {
                try withParent(of: path) { (parent, name) throws(DiskError) in
                    do throws(DiskError) {
                        try disk.makeDirectory(name, in: parent)
                        try disk.synchronize(parent)
                    } catch  where error.isExisting {}
                }
            } catch {
                throw explained(StorageError("cannot make the directory", display(path), error))
            }
        }
    }

    /// Makes the directories on the way to `file` durable: a run that was killed may have made them, and no more. Once for each,
    /// as long as this value lives.
    package func synchronizeWay(to file: String) throws(StorageError) {
        let parts = file.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
        for count in 1..<max(parts.count, 1) {
            let below = parts[..<count].joined(separator: "/")
            guard !synchronized.withLock({ $0.contains(below) }) else { continue }
            try synchronizeParent(of: below)
            synchronized.withLock { _ = $0.insert(below) }
        }
    }

    /// Renames within the directory, replacing what has the new name. Not durable until ``synchronizeParent(of:)``.
    package func rename(_ file: String, to newFile: String) throws(StorageError) {
        try attempt("cannot rename it to \(newFile)", display(file)) { () throws(DiskError) in
            try withParent(of: file) { (parent, name) throws(DiskError) in
                try withParent(of: newFile) { (newParent, newName) throws(DiskError) in
                    try disk.rename(name, in: parent, to: newName, in: newParent)
                }
            }
        }
    }

    /// Removes a file; that it is gone already is no error.
    package func remove(_ file: String) throws(StorageError) {
        try attempt("cannot remove it", display(file)) { () throws(DiskError) in
            do throws(DiskError) {
                try withParent(of: file) { (parent, name) throws(DiskError) in try disk.remove(name, in: parent) }
            } catch  where error.isMissing {}
        }
    }

    /// Replaces a small file of ours as a whole: written beside it, then renamed, so that no reader sees half.
    ///
    /// - Parameter tag: set where the directory's lock is a no-op, so that two runs never write the same one.
    package func replace(
        _ file: String, with bytes: [UInt8], isDurable: Bool, tag: String? = nil
    ) throws(StorageError) {
        let beside = file + (tag.map { "." + $0 } ?? "") + StateNames.replacementSuffix
        try makeParents(of: file)
        // What stands there is a leftover of a killed run, or was put there: it is not written through.
        try remove(beside)
        do throws(StorageError) {
            let new = try create(beside)
            try new.write(bytes, at: 0)
            if isDurable { try new.synchronize() }
            try rename(beside, to: file)
        } catch {
            try? remove(beside)
            throw error
        }
        if isDurable { try synchronizeParent(of: file) }
    }

    /// The whole of a small file; `nil` if there is none or it is longer than `limit`.
    package func contents(of file: String, limit: Int) throws(StorageError) -> [UInt8]? {
        guard let opened = try open(file, .read) else { return nil }
        return try attempt("cannot read it", opened.path) { () throws(DiskError) in
            try disk.contents(of: opened.descriptor, limit: limit)
        }
    }

    /// Makes names durable: fsync of the directory that holds `file`.
    package func synchronizeParent(of file: String) throws(StorageError) {
        try attempt("cannot make its directory durable", display(file)) { () throws(DiskError) in
            try withParent(of: file) { (parent, _) throws(DiskError) in try disk.synchronize(parent) }
        }
    }

    /// The bytes this user may still write here.
    package func freeBytes() throws(StorageError) -> Int64 {
        try attempt("cannot tell the free space", path) { () throws(DiskError) in
            try disk.freeBytes(at: root.descriptor)
        }
    }

    /// A call that found no space although there is plenty: the file system has no inode left for another file or directory.
    private func explained(_ error: StorageError) -> StorageError {
        guard error.underlying?.isDiskFull == true, let files = try? disk.freeFiles(at: root.descriptor), files == 0
        else {
            return error
        }
        return StorageError(
            .noInodes, path: error.path, reason: "the file system has no inodes left, so no file can be made on it",
            underlying: error.underlying)
    }

    /// The names in a directory below this one ("" is this one); none where it does not exist.
    package func names(in directory: String) throws(StorageError) -> [String] {
        do throws(DiskError) {
            guard !directory.isEmpty else { return try disk.names(in: root.descriptor) }
            let opened = try disk.open(directory, in: root.descriptor, .directory)
            defer { disk.close(opened) }
            return try disk.names(in: opened)
        } catch {
            if error.isMissing { return [] }
            throw StorageError("cannot list the directory", display(directory), error)
        }
    }

    /// The same as bytes: names need not be UTF-8.
    package func rawNames(in directory: String) throws(StorageError) -> [[UInt8]] {
        do throws(DiskError) {
            guard !directory.isEmpty else { return try disk.rawNames(in: root.descriptor) }
            let opened = try disk.open(directory, in: root.descriptor, .directory)
            defer { disk.close(opened) }
            return try disk.rawNames(in: opened)
        } catch {
            if error.isMissing { return [] }
            throw StorageError("cannot list the directory", display(directory), error)
        }
    }

    /// Whether everybody may rename and remove what is in it.
    package func isOpenToEverybody() -> Bool { (try? disk.status(of: root.descriptor))?.isOpenToEverybody ?? false }

    /// Whether it was removed, and everything in it before: what is open of it goes when the run ends.
    package func isRemoved() -> Bool { (try? disk.status(of: root.descriptor))?.links == 0 }

    /// Whether the path still leads to the directory that was opened.
    package func isWhereItWas() -> Bool {
        guard let again = try? disk.openDirectory(path) else { return false }
        defer { disk.close(again) }
        guard let now = try? disk.status(of: again), let then = try? disk.status(of: root.descriptor) else {
            return false
        }
        return now.inode == then.inode && now.device == then.device
    }

    /// Lends the directory that holds `file`, and the file's name in it.
    func withParent<R>(
        of file: String, _ body: (Descriptor, String) throws(DiskError) -> R
    ) throws(DiskError) -> R {
        guard let slash = file.utf8.lastIndex(of: UInt8(ascii: "/")) else { return try body(root.descriptor, file) }
        let parent = try disk.open(String(file[..<slash]), in: root.descriptor, .directory)
        defer { disk.close(parent) }
        return try body(parent, String(file[file.utf8.index(after: slash)...]))
    }
}

extension FileStatus.Kind {
    /// The kind as a message names it.
    fileprivate var noun: String {
        switch self {
        case .regular: "regular file"
        case .directory: "directory"
        case .symlink: "symbolic link"
        case .other: "device or FIFO"
        }
    }
}
