internal import Storage

/// Finds out which model a directory holds.
public struct ModelLookup: Sendable {
    private let catalog: ManifestCatalog

    /// A search among the manifests of a catalog.
    public init(_ catalog: ManifestCatalog) { self.catalog = catalog }

    /// The manifest of a directory that exists: the known one that its last download was of; or the known one of which it holds a
    /// file that no other has; or the one whose directory or name it is called by; or the copy that its last download left.
    ///
    /// What is known comes before what the directory itself says: a manifest that lies beside wrong files may be as wrong.
    ///
    /// Hashes small files that receipts do not know, and so blocks.
    ///
    /// - Throws: ``Failure`` of kind ``Failure/Kind/noInput`` if there is no such directory, ``Failure/Kind/usage`` if nothing tells.
    public func manifest(of path: String) throws(Failure) -> LoadedManifest {
        let directory: ModelDirectory
        do throws(StorageError) {
            directory = try ModelDirectory(existing: path, on: SystemDisk())
        } catch {
            throw Failure(error)
        }
        let receipts = Receipts(in: directory)
        let copy = ManifestCopy.read(in: directory)
        // The copy is written first, the receipts when there is something to tell: it knows of the later download.
        for name in [copy?.manifest.name, receipts.model].compactMap({ $0 }) {
            if let loaded = catalog.manifests.first(where: { $0.manifest.name.utf8.elementsEqual(name.utf8) }) {
                return loaded
            }
        }
        var recognition = ModelRecognition(
            directory, among: catalog.manifests.map(\.manifest), receipts: receipts, bootID: BootID.current())
        if let model = try? recognition.models().first,
            let loaded = catalog.manifests.first(where: { $0.manifest.name == model.name })
        {
            return loaded
        }
        let name = path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(decoding: $0, as: UTF8.self) } ?? ""
        if let loaded = catalog.manifests.first(where: {
            $0.manifest.directory == name || $0.manifest.names.contains(name)
        }) {
            return loaded
        }
        if let copy { return copy }
        throw Failure(
            .usage, "nothing tells which model \(printable(path, limit: 1024)) holds",
            hint: "say so: --model NAME or --manifest FILE")
    }
}
