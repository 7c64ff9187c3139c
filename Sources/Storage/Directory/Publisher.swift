/// Gives verified files their final names: the only place in the project that does.
package struct Publisher: Sendable {
    private let directory: ModelDirectory
    /// Whether files and names are made durable before they are reported (all but `--no-sync`).
    private let isDurable: Bool

    package init(directory: ModelDirectory, isDurable: Bool) {
        self.directory = directory
        self.isDurable = isDurable
    }

    /// A file that had a final name and is kept under another one.
    package struct Kept: Hashable, Sendable {
        /// Below the model directory.
        package var path: String
        /// Bytes.
        package var size: Int64
    }

    /// Makes a file durable, gives it its final name, and makes the name durable.
    ///
    /// What had the name is kept, see ``ReplacedFiles``, unless it holds nothing of its own: it is the new file, cut off or with
    /// zeros at its end.
    ///
    /// - Parameter expendable: what is known of a file under the final name that need not be kept whatever it holds.
    /// - Returns: what the file is now, for its receipt (`nil` if somebody has changed it meanwhile: nothing is known of it then),
    ///   and what was kept of what had its name.
    /// - Throws: if the file could not be made durable it keeps its partial name, and nothing of it is believed any more: after
    ///   a failed fsync(2) the page cache no longer tells what the disk holds. It is forgotten, so that the next run, which
    ///   reads back every extent, reads the disk.
    package func publish(
        _ file: VerifiedFile, over expendable: FileStatus? = nil
    ) throws(StorageError) -> (status: FileStatus?, kept: Kept?) {
        let names = file.names
        let before = try file.file.status()
        // A private partial is not where the file belongs.
        if names.isPrivate { try directory.makeParents(of: names.final) }
        if isDurable {
            try makeDurable(file.file)
            try directory.synchronizeWay(to: names.final)
        }
        // The name must still be that of the bytes that were hashed, in the directory that the user meant.
        try check(file, is: names.partial)
        let kept = try ReplacedFiles(in: directory, isDurable: isDurable).keep(what: file, replaces: expendable)
        try directory.rename(names.partial, to: names.final)
        // Where no lock keeps others out, another run may have given the name to a file of its own that it has verified.
        if !names.isPrivate {
            do throws(StorageError) { try check(file, is: names.final) } catch {
                // Exchanged in between: what has the final name now is not what was verified, and must not keep it.
                try? directory.rename(names.final, to: names.partial)
                throw error
            }
        }
        if isDurable { try directory.synchronizeParent(of: names.final) }
        try directory.remove(names.journal)
        // From the moment on that it had its name anybody could write to it.
        let after = try file.file.status()
        return (after.isSameContent(as: before) ? after : nil, kept)
    }

    private func check(_ file: VerifiedFile, is name: String) throws(StorageError) {
        let opened = try file.file.status()
        guard let named = try directory.status(of: name), named.inode == opened.inode, named.device == opened.device,
            opened.size == file.identity.size
        else {
            throw StorageError(
                .disturbed, path: directory.display(name),
                reason: "it was moved, replaced or changed while the download ran")
        }
    }

    /// Makes a file that was found right under its final name durable, with its name.
    ///
    /// - Parameter status: what it was when it was hashed.
    /// - Returns: what it is now, for its receipt; `nil` if somebody has changed it meanwhile.
    package func adopt(_ file: VerifiedFile, hashedAs status: FileStatus) throws(StorageError) -> FileStatus? {
        if isDurable {
            try makeDurable(file.file)
            try directory.synchronizeWay(to: file.names.final)
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

    /// Takes a right file's final name away and makes it the partial, durably: for a marker whose model is no longer whole. An
    /// older partial and its journal are replaced.
    package func withdraw(_ names: PartialNames) throws(StorageError) {
        try directory.makeParents(of: names.journal)
        try directory.remove(names.journal)
        try directory.rename(names.final, to: names.partial)
        if isDurable { try directory.synchronizeParent(of: names.final) }
    }
}
