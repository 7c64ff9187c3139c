/// What the partial of a file holds according to its journal. Reading it changes nothing.
package struct PartialClaims: Sendable {
    /// The number of bytes that the journal claims, or that another tool left before the first hole.
    package let bytes: Int64
    /// The disk space that the partial occupies, in bytes, reserved space included.
    package let allocated: Int64

    /// Reads only the journal; a download checks the claims against the partial.
    ///
    /// - Returns: `nil` if there is no partial.
    package init?(
        of identity: FileIdentity, names: PartialNames, in directory: ModelDirectory
    ) throws(StorageError) {
        guard let file = try directory.open(names.partial, .read) else { return nil }
        let status = try file.status()
        allocated = status.allocated
        let journal = (try? directory.open(names.journal, .read)) ?? nil
        if let journal, let read = try ExtentJournal.read(journal, as: identity) {
            let claims = JournalContents(playing: read.records, size: identity.size).claims
            bytes = claims.reduce(0) { $0 + Int64($1.range.count) }
        } else {
            bytes = directory.disk.firstHole(in: file.descriptor, size: min(status.size, identity.size))
        }
    }
}
