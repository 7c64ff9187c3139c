internal import Storage

/// Cleans up what killed or failed runs have left in a directory and no other run would use.
///
/// Does nothing if the directory's lock does not keep other runs out: the owner may still be running.
struct Leftovers: Sendable {
    private let context: RunContext
    /// The names in the state directory, listed once: whatever appears later belongs to this run.
    private var state: Set<String> = []

    init(_ context: RunContext) { self.context = context }

    /// Removes records that were written halfway, and passes on the private partial files of earlier runs. A failure is only a
    /// warning, because leftovers do no harm.
    mutating func clear() {
        guard context.partials.tag == nil else { return }
        do throws(StorageError) {
            state = Set(try context.directory.names(in: StateNames.directory))
            try clearRecords()
            try passOnPrivatePartials()
        } catch {
            warn(error)
        }
    }

    /// Removes the partial file of a verified file, unless it has no journal: then modelfetch did not write it.
    func clear(after file: ManifestFile) {
        let names = PartialNames(path: file.path.string)
        guard context.partials.tag == nil, state.contains(StateNames.nameInState(names.journal)) else { return }
        do throws(StorageError) {
            guard try context.directory.status(of: names.journal)?.kind == .regular else { return }
            if try context.directory.status(of: names.partial)?.kind == .regular {
                try context.directory.remove(names.partial)
            }
            try context.directory.remove(names.journal)
        } catch {
            warn(error)
        }
    }

    private func warn(_ error: StorageError) {
        context.emit(.warning("the leftovers of an earlier run cannot be removed: \(Failure(error))"))
    }

    private func clearRecords() throws(StorageError) {
        for name in state where name.hasSuffix(StateNames.replacementSuffix) {
            try context.directory.remove(StateNames.directory + "/" + name)
        }
    }

    private mutating func passOnPrivatePartials() throws(StorageError) {
        let tags = PartialNames.privateTags(among: state)
        // Usually there are none, and the manifest's files need not be checked.
        guard !tags.isEmpty else { return }
        for file in context.manifest.files {
            let path = file.path.string
            guard let tags = tags[PartialNames.stem(of: path)] else { continue }
            try passOn(tags.map { PartialNames(path: path, tag: $0) }, to: PartialNames(path: path))
        }
        state = Set(try context.directory.names(in: StateNames.directory))
    }

    /// Gives the largest private partial file of a file the common name, unless a partial file that is not empty has it, and removes
    /// the others.
    private func passOn(_ own: [PartialNames], to common: PartialNames) throws(StorageError) {
        let directory = context.directory
        var candidates: [(names: PartialNames, status: FileStatus?)] = []
        for names in own { candidates.append((names, try directory.status(of: names.partial))) }
        for (names, status) in candidates.sorted(by: { Self.worth($0.status) > Self.worth($1.status) }) {
            let there = try directory.status(of: common.partial)
            let journal = try directory.status(of: common.journal)
            // A run that was killed just after passing on its partial file has left the journal.
            var isJournalOfUse = status == nil && journal == nil
            if Self.worth(status) > 0, there == nil || there?.kind == .regular && there?.size == 0 {
                try directory.makeParents(of: common.partial)
                try removeFile(common.journal)
                try directory.rename(names.partial, to: common.partial)
                isJournalOfUse = true
            } else {
                try removeFile(names.partial)
            }
            if isJournalOfUse, try directory.status(of: names.journal)?.kind == .regular {
                try directory.rename(names.journal, to: common.journal)
            } else {
                try removeFile(names.journal)
            }
        }
    }

    /// How many bytes a partial file may hold: reserved blocks may be empty, and a file may have holes.
    private static func worth(_ status: FileStatus?) -> Int64 {
        guard let status, status.kind == .regular else { return 0 }
        return min(status.size, status.allocated)
    }

    /// Removes a regular file. Anything else is not ours.
    private func removeFile(_ name: String) throws(StorageError) {
        if try context.directory.status(of: name)?.kind == .regular { try context.directory.remove(name) }
    }
}
