internal import Storage

/// Finds out which model a directory holds.
public struct ModelLookup: Sendable {
    private static let largestManifest = 16 << 20

    private let catalog: ManifestCatalog

    /// A search among the manifests of a catalog.
    public init(_ catalog: ManifestCatalog) { self.catalog = catalog }

    /// The manifest of a directory that exists: the built-in one that its receipts name; or the known one of which it holds a file
    /// that no other has; or the one whose directory or name it is called by; or the copy that its last download left.
    ///
    /// Hashes small files, and so blocks.
    ///
    /// - Throws: ``Failure`` of kind ``Failure/Kind/noInput`` if there is no such directory, ``Failure/Kind/usage`` if nothing tells.
    public func manifest(of path: String) throws(Failure) -> LoadedManifest {
        let directory: ModelDirectory
        do throws(StorageError) {
            directory = try ModelDirectory(existing: path, on: SystemDisk())
        } catch {
            throw Failure(error)
        }
        if let name = Receipts(in: directory).model,
            let builtIn = catalog.manifests.first(where: { $0.origin == .builtIn && $0.manifest.name == name })
        {
            return builtIn
        }
        var recognition = ModelRecognition(directory, among: catalog.manifests.map(\.manifest))
        if let model = recognition.models().first,
            let loaded = catalog.manifests.first(where: { $0.manifest == model })
        {
            return loaded
        }
        let name = path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(decoding: $0, as: UTF8.self) } ?? ""
        if let loaded = catalog.manifests.first(where: {
            $0.manifest.directory == name || $0.manifest.names.contains(name)
        }) {
            return loaded
        }
        if let copy = copy(in: directory) { return copy }
        throw Failure(
            .usage, "nothing tells which model \(printable(path, limit: 1024)) holds",
            hint: "say so: --model NAME or --manifest FILE")
    }

    private func copy(in directory: ModelDirectory) -> LoadedManifest? {
        let bytes = try? directory.contents(of: ModelDownload.manifestName, limit: Self.largestManifest)
        guard let bytes else { return nil }
        return try? Manifest.decode(bytes, from: .receipt(directory.path))
    }
}
