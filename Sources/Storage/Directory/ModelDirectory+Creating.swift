/// Creating the model directory itself, at the path that the user named.
extension ModelDirectory {
    /// Opens a directory, and creates it and its parents if they are missing. Their names are made durable: otherwise a power cut
    /// could remove them with everything below.
    package convenience init(creating path: String, on disk: any Disk) throws(StorageError) {
        try Self.makeMissing(path, on: disk)
        try self.init(existing: path, on: disk)
        // An earlier run may have been killed before it made the names durable. A run does this before it creates the state directory.
        if try status(of: StateNames.directory) == nil { try synchronizeParents() }
    }

    private static func makeMissing(_ path: String, on disk: any Disk) throws(StorageError) {
        do throws(DiskError) {
            try disk.makeDirectory(path)
        } catch {
            if error.isExisting { return }
            let parent = parentPath(path)
            guard error.isMissing, parent != path else {
                throw StorageError("cannot create the directory", path, error)
            }
            try makeMissing(parent, on: disk)
            try attempt("cannot create the directory", path) { () throws(DiskError) in
                do throws(DiskError) { try disk.makeDirectory(path) } catch  where error.isExisting {}
            }
        }
    }

    /// Makes the names of the directory and its parents durable, up to the beginning of the given path.
    ///
    /// - Throws: if an fsync(2) fails. A parent that cannot be read, or a file system that cannot synchronize directories, does not
    ///   prevent the download and is not an error.
    private func synchronizeParents() throws(StorageError) {
        var above = path
        while above != ".", above != "/" {
            above = Self.parentPath(above)
            try attempt("cannot flush the directory to disk", above) { () throws(DiskError) in
                do throws(DiskError) {
                    let opened = try disk.openDirectory(above)
                    defer { disk.close(opened) }
                    try disk.synchronize(opened)
                } catch  where error.isUnsupported || error.isPermission {}
            }
        }
    }

    /// The parent of a path: `.` for a single name.
    package static func parentPath(_ path: String) -> String {
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
    }
}
