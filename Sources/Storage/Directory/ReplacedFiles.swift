/// Where files are kept that had a final name and are not known to be worthless: `.modelfetch/replaced/`, under their own paths.
///
/// Nothing there is ever overwritten or removed: it is its owner's to look at.
struct ReplacedFiles {
    /// So many files of one path are kept before it is an error.
    private static let limit = 1000

    private let directory: ModelDirectory
    private let isDurable: Bool

    init(in directory: ModelDirectory, isDurable: Bool) {
        self.directory = directory
        self.isDurable = isDurable
    }

    /// Gives what stands under the final name of a verified file a second name, durably, so that the final name can be taken
    /// over: a crash at any moment leaves it at least one of the two.
    ///
    /// - Returns: `nil` if nothing stands there that needs keeping.
    func keep(what file: VerifiedFile, replaces expendable: FileStatus?) throws(StorageError) -> Publisher.Kept? {
        let path = file.names.final
        guard let named = try directory.status(of: path) else { return nil }
        if let expendable, expendable.isSameFile(as: named) { return nil }
        guard let stored = try StoredFile(path, in: directory) else { return nil }
        // A link to the new file itself, or the same bytes once more, is no loss; nor is a part of them.
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
                // A run that was killed here came this far.
                if there.inode == stored.status.inode, there.device == stored.status.device {
                    return Publisher.Kept(path: kept, size: stored.status.size)
                }
                continue
            }
            if try !link(path, to: kept) { try stored.copy(to: kept, in: directory, isDurable: isDurable) }
            if isDurable {
                try directory.synchronizeWay(to: kept)
                try directory.synchronizeParent(of: kept)
            }
            return Publisher.Kept(path: kept, size: stored.status.size)
        }
        throw StorageError(
            .inTheWay, path: directory.display(StateNames.replaced + "/" + path),
            reason: "\(Self.limit) replaced files are kept here already; remove those that you do not need")
    }

    /// - Returns: `false` where the file system has no hard links.
    private func link(_ path: String, to kept: String) throws(StorageError) -> Bool {
        do throws(StorageError) {
            try directory.link(path, to: kept)
            return true
        } catch  where error.underlying?.isNoLink == true {
            return false
        }
    }
}

extension FileStatus {
    /// Whether its times tell more than seconds. Where they do not, an edit in the second in which a file was verified leaves none.
    package var hasFineTimes: Bool {
        modifiedNanoseconds % 1_000_000_000 != 0 || changedNanoseconds % 1_000_000_000 != 0
    }

    /// Whether the bytes of a file have not been changed since, as far as its times tell; its names may have.
    package func isSameContent(as other: FileStatus) -> Bool {
        kind == other.kind && inode == other.inode && device == other.device && size == other.size
            && modifiedNanoseconds == other.modifiedNanoseconds
    }

    /// Whether nothing about a file has changed since.
    package func isSameFile(as other: FileStatus) -> Bool {
        kind == other.kind && inode == other.inode && device == other.device && size == other.size
            && modifiedNanoseconds == other.modifiedNanoseconds && changedNanoseconds == other.changedNanoseconds
    }
}
