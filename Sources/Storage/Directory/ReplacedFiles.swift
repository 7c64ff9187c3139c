/// Keeps replaced files whose content may be valuable, in `.modelfetch/replaced/` under their own paths.
///
/// Nothing there is ever overwritten or removed: the user decides about it.
struct ReplacedFiles {
    /// How many files are kept for one path.
    private static let limit = 1000

    private let directory: ModelDirectory
    private let isDurable: Bool

    init(in directory: ModelDirectory, isDurable: Bool) {
        self.directory = directory
        self.isDurable = isDurable
    }

    /// Gives the file that now has the final name of a verified file a second name, durably, so that the final name can be reused.
    /// A crash at any moment leaves it at least one of the two names.
    ///
    /// - Returns: `nil` if there is no such file, or it need not be kept.
    func keep(what file: VerifiedFile, replaces expendable: FileStatus?) throws(StorageError) -> Publisher.Kept? {
        let path = file.names.final
        guard let named = try directory.status(of: path) else { return nil }
        if let expendable, expendable.isSameFile(as: named) { return nil }
        guard let stored = try StoredFile(path, in: directory) else { return nil }
        // A link to the new file, or a file with the same bytes or a part of them, need not be kept.
        do throws(StoredFileError) {
            if try stored.likeness(to: file).isStump { return nil }
        } catch {
            guard case .storage(let error) = error else { return nil }
            throw error
        }
        for number in 1...Self.limit {
            let kept = StateNames.replaced + "/" + path + (number == 1 ? "" : ".\(number)")
            try directory.makeParents(of: kept)
            if let there = try directory.status(of: kept) {
                // An earlier run was killed right after this step.
                if there.inode == stored.status.inode, there.device == stored.status.device {
                    return Publisher.Kept(path: kept, size: stored.status.size)
                }
                continue
            }
            if try !link(path, to: kept) { try stored.copy(to: kept, in: directory, isDurable: isDurable) }
            if isDurable {
                try directory.synchronizeAncestors(of: kept)
                try directory.synchronizeParent(of: kept)
            }
            return Publisher.Kept(path: kept, size: stored.status.size)
        }
        throw StorageError(
            .notRegularFile, path: directory.display(StateNames.replaced + "/" + path),
            reason: "\(Self.limit) replaced files are already kept here; remove those that you do not need")
    }

    /// - Returns: `false` if the file system has no hard links.
    private func link(_ path: String, to kept: String) throws(StorageError) -> Bool {
        do throws(StorageError) {
            try directory.link(path, to: kept)
            return true
        } catch  where error.underlying?.isNoLink == true {
            return false
        }
    }
}
