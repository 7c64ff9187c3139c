internal import Threads

/// Making directories, renaming, listing, and making names durable.
extension ModelDirectory {
    /// Creates the missing parent directories of `file`, and makes each name durable.
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
                throw explained(StorageError("cannot create the directory", display(path), error))
            }
        }
    }

    /// Makes the names of the parent directories of `file` durable: a run that was killed may have created them and gone no further.
    /// Done once for each directory.
    package func synchronizeAncestors(of file: String) throws(StorageError) {
        let parts = file.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
        for count in 1..<max(parts.count, 1) {
            let below = parts[..<count].joined(separator: "/")
            guard !synchronized.withLock({ $0.contains(below) }) else { continue }
            try synchronizeParent(of: below)
            synchronized.withLock { _ = $0.insert(below) }
        }
    }

    /// Renames within the directory, replacing a file with the new name. Not durable until ``synchronizeParent(of:)``.
    package func rename(_ file: String, to newFile: String) throws(StorageError) {
        try attempt("cannot rename it to \(newFile)", display(file)) { () throws(DiskError) in
            try withParent(of: file) { (parent, name) throws(DiskError) in
                try withParent(of: newFile) { (newParent, newName) throws(DiskError) in
                    try disk.rename(name, in: parent, to: newName, in: newParent)
                }
            }
        }
    }

    /// Removes a file. It is not an error if it does not exist.
    package func remove(_ file: String) throws(StorageError) {
        try attempt("cannot remove it", display(file)) { () throws(DiskError) in
            do throws(DiskError) {
                try withParent(of: file) { (parent, name) throws(DiskError) in try disk.remove(name, in: parent) }
            } catch  where error.isMissing {}
        }
    }

    /// Makes names durable: fsync of the directory that contains `file`.
    package func synchronizeParent(of file: String) throws(StorageError) {
        try attempt("cannot flush its directory to disk", display(file)) { () throws(DiskError) in
            try withParent(of: file) { (parent, _) throws(DiskError) in try disk.synchronize(parent) }
        }
    }

    /// The names in a subdirectory ("" is the model directory itself); none if it does not exist.
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

    /// The same names as bytes, since a name need not be UTF-8.
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
}
