/// Gives verified files their final names, and withdraws them. Nothing else in the project does.
package struct Publisher: Sendable {
    private let directory: ModelDirectory
    /// Whether files and names are flushed to disk before they are reported.
    private let isDurable: Bool

    package init(directory: ModelDirectory, isDurable: Bool) {
        self.directory = directory
        self.isDurable = isDurable
    }

    /// A replaced file that was kept under another name.
    package struct Kept: Hashable, Sendable {
        /// The new path, in the model directory.
        package var path: String
        /// Bytes.
        package var size: Int64
    }

    /// Flushes a file to disk, gives it its final name, and makes the name durable.
    ///
    /// A file that had this name is kept (see ``ReplacedFiles``), unless it has no content of its own: it is the new file, truncated
    /// or followed by zeros.
    ///
    /// - Parameter expendable: the status of a file under the final name that need not be kept, whatever its content.
    /// - Returns: the file's status for its receipt (`nil` if another program has changed it meanwhile), and the replaced file, if it
    ///   was kept.
    /// - Throws: if the file cannot be flushed to disk, it keeps its partial name. After a failed fsync(2) the page cache may differ
    ///   from the disk, so the cache is dropped: the next run, which reads back every extent, then reads the disk.
    package func publish(
        _ file: VerifiedFile, over expendable: FileStatus? = nil
    ) throws(StorageError) -> (status: FileStatus?, kept: Kept?) {
        let names = file.names
        let before = try file.file.status()
        // A private partial is in the state directory, so the file's own directory may not exist yet.
        if names.isPrivate { try directory.makeParents(of: names.final) }
        if isDurable {
            try makeDurable(file.file)
            try directory.synchronizeAncestors(of: names.final)
        }
        // The name must still belong to the file that was hashed.
        try check(file, is: names.partial)
        let kept = try ReplacedFiles(in: directory, isDurable: isDurable).keep(what: file, replaces: expendable)
        try directory.rename(names.partial, to: names.final)
        // Without an effective lock, another run may have published its own verified file under this name.
        if !names.isPrivate {
            do throws(StorageError) { try check(file, is: names.final) } catch {
                // Replaced just before the rename: the file that now has the final name was not verified and must not keep it.
                try? directory.rename(names.final, to: names.partial)
                throw error
            }
        }
        if isDurable { try directory.synchronizeParent(of: names.final) }
        try directory.remove(names.journal)
        // Other programs can write to the file as soon as it has its final name.
        let after = try file.file.status()
        return (after.isSameContent(as: before) ? after : nil, kept)
    }

    private func check(_ file: VerifiedFile, is name: String) throws(StorageError) {
        let opened = try file.file.status()
        guard let named = try directory.status(of: name), named.inode == opened.inode, named.device == opened.device,
            opened.size == file.identity.size
        else {
            throw StorageError(
                .modifiedExternally, path: directory.display(name),
                reason: "another program moved, replaced or changed it during the download")
        }
    }

    /// Flushes to disk a file that was found to be right under its final name, and its name.
    ///
    /// - Parameter status: its status when it was hashed.
    /// - Returns: its status now, for its receipt; `nil` if another program has changed it meanwhile.
    package func adopt(_ file: VerifiedFile, hashedAs status: FileStatus) throws(StorageError) -> FileStatus? {
        if isDurable {
            try makeDurable(file.file)
            try directory.synchronizeAncestors(of: file.names.final)
            try directory.synchronizeParent(of: file.names.final)
        }
        let now = try file.file.status()
        return now.isSameFile(as: status) ? now : nil
    }

    private func makeDurable(_ file: OpenFile) throws(StorageError) {
        do throws(StorageError) { try file.synchronize() } catch {
            file.disk.forgetCached(file.descriptor)
            throw error
        }
    }

    /// Withdraws a file's final name durably and makes the file a partial again: for a marker whose model is no longer complete. An
    /// older partial and its journal are replaced.
    package func withdraw(_ names: PartialNames) throws(StorageError) {
        try directory.makeParents(of: names.journal)
        try directory.remove(names.journal)
        try directory.rename(names.final, to: names.partial)
        if isDurable { try directory.synchronizeParent(of: names.final) }
    }

    /// Undoes ``withdraw(_:)`` for a file that turned out to have been changed: it gets its name back, unverified as it was.
    package func undoWithdrawal(_ names: PartialNames) throws(StorageError) {
        try directory.rename(names.partial, to: names.final)
    }
}
