internal import Storage

/// What runs that were killed or failed have left in a directory, and that no other run would come back for.
///
/// Only for a run whose lock keeps others out: without one the owner may still be alive.
struct Leftovers: Sendable {
    private let context: RunContext
    /// The names in the state directory, listed once: what appears later is this run's own.
    private var state: Set<String> = []

    init(_ context: RunContext) { self.context = context }

    /// Removes half-written records of ours, and passes on the partials of runs that had no lock. A failure is no more than a
    /// warning: leftovers are in nobody's way.
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

    /// The partial of a file that is verified is of no more use. One that had no journal beside it is not ours.
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
        context.emit(.warning("what an earlier run left cannot be cleared away: \(Failure(error))"))
    }

    private func clearRecords() throws(StorageError) {
        for name in state where name.hasSuffix(StateNames.replacementSuffix) {
            try context.directory.remove(StateNames.directory + "/" + name)
        }
    }

    private mutating func passOnPrivatePartials() throws(StorageError) {
        let tags = PartialNames.privateTags(among: state)
        // Most directories have none, and then no file of the manifest need be looked at.
        guard !tags.isEmpty else { return }
        for file in context.manifest.files {
            let path = file.path.string
            guard let tags = tags[PartialNames.stem(of: path)] else { continue }
            try passOn(tags.map { PartialNames(path: path, tag: $0) }, to: PartialNames(path: path))
        }
        state = Set(try context.directory.names(in: StateNames.directory))
    }

    /// The largest private partial of a file gets the common name if nothing of use has it yet; the others are given up.
    private func passOn(_ own: [PartialNames], to common: PartialNames) throws(StorageError) {
        let directory = context.directory
        var candidates: [(names: PartialNames, status: FileStatus?)] = []
        for names in own { candidates.append((names, try directory.status(of: names.partial))) }
        for (names, status) in candidates.sorted(by: { Self.worth($0.status) > Self.worth($1.status) }) {
            let there = try directory.status(of: common.partial)
            let journal = try directory.status(of: common.journal)
            // A run that was killed after passing on a partial has left its journal.
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

    /// How many bytes a partial may hold: blocks may be reserved that hold nothing, and a file may have holes.
    private static func worth(_ status: FileStatus?) -> Int64 {
        guard let status, status.kind == .regular else { return 0 }
        return min(status.size, status.allocated)
    }

    /// Removes a regular file; anything else is not ours.
    private func removeFile(_ name: String) throws(StorageError) {
        if try context.directory.status(of: name)?.kind == .regular { try context.directory.remove(name) }
    }
}
