extension PartialFile {
    /// Opens or creates the partial of a file, and reads from its journal what it holds.
    ///
    /// - Parameters:
    ///   - key: 16 random bytes, the checksum key of a new journal.
    ///   - leastQueued: how many bytes at a time are worth being handed to the task that keeps hashing; fewer are hashed by their writer.
    package convenience init(
        in directory: ModelDirectory, names: PartialNames, identity: FileIdentity, key: [UInt8],
        leastQueued: Int = PrefixHasher.leastQueued
    ) throws(StorageError) {
        try directory.makeParents(of: names.partial)
        try directory.makeParents(of: names.journal)
        let file = try Self.openUnshared(names.partial, in: directory, key)
        let journal = try Self.openUnshared(names.journal, in: directory, key)
        let status = try file.status()
        if status.size > identity.size {
            try attempt("cannot cut it to size", file.path) { () throws(DiskError) in
                try directory.disk.truncate(file.descriptor, to: identity.size)
            }
        }
        var contents = JournalContents()
        if var journal = try ExtentJournal(resuming: journal, identity: identity, into: &contents) {
            // If an earlier run was killed right after a failed fsync, the page cache shows bytes that the disk does not have. Dropped before
            // anything is written: later, it would hide what a failed writeback of this run has lost.
            if !contents.claims.isEmpty { directory.disk.forgetCached(file.descriptor) }
            try journal.compactIfDue(as: names.journal, in: directory)
            self.init(
                in: directory, names: names, identity: identity, file: file,
                journal: SharedJournal(journal), contents: contents, leastQueued: leastQueued)
        } else {
            // Bytes without a journal were left by another tool: they are claimed up to the first hole.
            let size = min(status.size, identity.size)
            let end = size == 0 ? 0 : directory.disk.firstHole(in: file.descriptor, size: size)
            let records: [JournalRecord] = end == 0 ? [] : [.found(0..<end)]
            let journal = try ExtentJournal(beginning: journal, identity: identity, key: key, with: records)
            contents = JournalContents(playing: records, size: identity.size)
            self.init(
                in: directory, names: names, identity: identity, file: file,
                journal: SharedJournal(journal), contents: contents, leastQueued: leastQueued)
        }
    }

    /// Opens or creates a file that has only this name. Writing to a file with several hard links would change the user's other
    /// file, so the bytes of such a file are first copied into a new one, which takes the name.
    private static func openUnshared(
        _ name: String, in directory: ModelDirectory, _ key: [UInt8]
    ) throws(StorageError) -> OpenFile {
        if let file = try directory.open(name, .create) {
            // The link count comes from the name, not from the descriptor: a program that replaces the name in between could
            // briefly remove the last link of the file that was opened, and restore it afterwards.
            let (opened, named) = (try file.status(), try directory.status(of: name))
            if let named, named.inode == opened.inode, named.device == opened.device {
                if named.links == 1 { return file }
                return try directory.replace(name, withCopyOf: file, size: opened.size, scratch: key)
            }
        }
        try directory.remove(name)
        return try directory.create(name)
    }
}
