internal import Storage

/// The unfinished files of a run: what they are called, and how they pass from one run to the next.
///
/// Where the directory's lock keeps other runs out, all runs use the same names. Where it does not, each run works on partial
/// files with private names, and gives what it does not finish the common name at its end.
struct RunPartials: Sendable {
    let directory: ModelDirectory
    /// Set where the directory's lock does not keep others out: the private part of this run's names.
    let tag: String?

    /// What a file of this run is called until it is verified.
    func names(of file: ManifestFile) -> PartialNames { PartialNames(path: file.path.string, tag: tag) }

    /// Takes over the partial file that has the common name, unless another run was quicker: only one rename succeeds.
    func takeOver(_ file: ManifestFile) throws(StorageError) {
        guard tag != nil else { return }
        let (common, own) = (PartialNames(path: file.path.string), names(of: file))
        for (from, to) in [(common.partial, own.partial), (common.journal, own.journal)] {
            do throws(StorageError) {
                // Anything but a regular file is not ours, and stays.
                if try directory.status(of: from)?.kind == .regular { try directory.rename(from, to: to) }
            } catch  where error.underlying?.isMissing == true {
                // Another run was quicker.
            }
        }
    }

    /// Leaves a partial file to the next run.
    func leave(_ file: ManifestFile) {
        guard tag != nil else { return }
        let (common, own) = (PartialNames(path: file.path.string), names(of: file))
        // The private partial file lies elsewhere, so these directories may not exist yet.
        try? directory.makeParents(of: common.partial)
        // It does no harm if the journal of one run ends up beside the partial file of another: its claims are checked.
        try? directory.rename(own.partial, to: common.partial)
        try? directory.rename(own.journal, to: common.journal)
    }

    /// Removes a partial file that received nothing, with its journal, unless the finished file has no bytes either.
    func removeIfEmpty(_ file: ManifestFile, size: Int64) {
        guard size > 0 else { return }
        let names = names(of: file)
        guard let partial = try? directory.status(of: names.partial), partial.kind == .regular, partial.size == 0 else {
            return
        }
        try? directory.remove(names.partial)
        if (try? directory.status(of: names.journal))?.kind == .regular { try? directory.remove(names.journal) }
    }
}
