internal import Storage

/// The copy of the manifest that stays with the files, so that a directory can be audited with nothing else at hand.
///
/// It is written before the first byte is fetched: what a killed run leaves behind can be told by it.
struct ManifestCopy: Sendable {
    /// Where it stands in a model directory.
    static let name = ModelDirectory.stateName + "/manifest.json"
    /// Longer copies are not read, and so not written.
    static let maximumLength = StrictJSON.maximumBytes

    private let context: RunContext

    init(_ context: RunContext) { self.context = context }

    /// The manifest that a directory has a copy of; `nil` where there is none that can be read.
    static func read(in directory: ModelDirectory) -> LoadedManifest? {
        let bytes = try? directory.contents(of: name, limit: maximumLength)
        guard let bytes else { return nil }
        return try? Manifest.decode(bytes, from: .receipt(directory.path))
    }

    /// Leaves a copy in a directory that has none, and that is no other manifest's. Nothing that stands there is replaced.
    func leaveWhereNoneIs() throws(StorageError) {
        let model = context.receipts.model
        guard model == nil || model == context.manifest.name else { return }
        if try context.directory.status(of: Self.name) == nil { try leave() }
    }

    /// Leaves a copy, in place of another one: the directory is this manifest's from now on.
    func leave() throws(StorageError) {
        context.claimDirectory()
        let manifest = context.manifest.withoutCredentials
        var bytes = Array(manifest.json().utf8)
        // A manifest that could be read has room for its files, but perhaps not for so much white space.
        if bytes.count > Self.maximumLength { bytes = Array(manifest.compactJSON().utf8) }
        guard bytes.count <= Self.maximumLength,
            try context.directory.contents(of: Self.name, limit: Self.maximumLength) != bytes
        else { return }
        try context.directory.replace(
            Self.name, with: bytes, isDurable: context.options.isDurable, tag: context.tag)
    }
}
