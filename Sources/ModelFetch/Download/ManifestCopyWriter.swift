internal import Storage

/// Writes the directory's copy of the manifest (``ManifestCopy``).
///
/// It is written before the first byte is fetched, so that it identifies what a killed run leaves behind.
struct ManifestCopyWriter: Sendable {
    private let context: RunContext

    init(_ context: RunContext) { self.context = context }

    /// Writes a copy in a directory that has none and that does not belong to another manifest. Replaces nothing.
    func writeIfAbsent() throws(StorageError) {
        let model = context.receipts.all.model
        guard model == nil || model == context.manifest.name else { return }
        if try context.directory.status(of: ManifestCopy.name) == nil { try write() }
    }

    /// Writes a copy in place of any other: from now on the directory belongs to this manifest.
    func write() throws(StorageError) {
        context.receipts.claimDirectory()
        let manifest = context.manifest.withoutCredentials
        var bytes = Array(manifest.json().utf8)
        // A manifest that could be read has room for its files, but perhaps not for so much white space.
        if bytes.count > ManifestCopy.maximumLength { bytes = Array(manifest.compactJSON().utf8) }
        guard bytes.count <= ManifestCopy.maximumLength,
            try context.directory.contents(of: ManifestCopy.name, limit: ManifestCopy.maximumLength) != bytes
        else { return }
        try context.directory.replace(
            ManifestCopy.name, with: bytes, isDurable: context.options.isDurable, tag: context.partials.tag)
    }
}
