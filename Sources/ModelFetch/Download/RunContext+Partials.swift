internal import Storage

/// Where the directory's lock keeps nobody out, each run works on partials of its own, and passes what is unfinished on.
extension RunContext {
    /// What a file of this run is called while it is made.
    func names(of file: ManifestFile) -> PartialNames { PartialNames(path: file.path.string, tag: tag) }

    /// Takes over the partial that has the common name, if nobody else was quicker: a rename has one winner.
    func takeOverPartial(of file: ManifestFile) throws(StorageError) {
        guard tag != nil else { return }
        let (common, own) = (PartialNames(path: file.path.string), names(of: file))
        for (from, to) in [(common.partial, own.partial), (common.journal, own.journal)] {
            do throws(StorageError) {
                // What is no file of ours stays where somebody put it.
                if try directory.status(of: from)?.kind == .regular { try directory.rename(from, to: to) }
            } catch  where error.underlying?.isMissing == true {
                // Somebody was quicker.
            }
        }
    }

    /// Leaves a partial to the next run.
    func leavePartial(of file: ManifestFile) {
        guard tag != nil else { return }
        let (common, own) = (PartialNames(path: file.path.string), names(of: file))
        // The private partial is not where the file belongs, so its directories need not be there yet.
        try? directory.makeParents(of: common.partial)
        // One run's journal beside another's partial does no harm: what it claims is checked.
        try? directory.rename(own.partial, to: common.partial)
        try? directory.rename(own.journal, to: common.journal)
    }

    /// Removes a partial that received nothing, with its journal. Of a file that is empty when it is whole the partial stays.
    func removeEmptyPartial(of file: ManifestFile, size: Int64) {
        guard size > 0 else { return }
        let names = names(of: file)
        guard let partial = try? directory.status(of: names.partial), partial.kind == .regular, partial.size == 0 else {
            return
        }
        try? directory.remove(names.partial)
        if (try? directory.status(of: names.journal))?.kind == .regular { try? directory.remove(names.journal) }
    }
}
