internal import Storage

/// Determines which model a directory holds.
public struct ModelLookup: Sendable {
    private let catalog: ManifestCatalog

    /// Creates a lookup among the manifests of a catalog.
    public init(_ catalog: ManifestCatalog) { self.catalog = catalog }

    /// Determines the manifest of an existing directory. It is the first of these that there is:
    ///
    /// 1. the known manifest of the directory's last download,
    /// 2. the known manifest of which the directory holds a file that no other known manifest has,
    /// 3. the known manifest whose name or directory is the name of this directory,
    /// 4. the copy of the manifest that the last download left in the directory.
    ///
    /// Known manifests take precedence because a copy beside wrong files may be as wrong as the files.
    ///
    /// Hashes small files without a valid receipt, and so blocks.
    ///
    /// - Throws: a ``Failure`` of kind ``Failure/Kind/noInput`` if there is no such directory, or ``Failure/Kind/usage`` if the model
    ///   cannot be determined.
    public func manifest(of path: String) throws(Failure) -> LoadedManifest {
        let directory: ModelDirectory
        do throws(StorageError) {
            directory = try ModelDirectory(existing: path, on: SystemDisk())
        } catch {
            throw Failure(error)
        }
        let receipts = Receipts(in: directory)
        let copy = ManifestCopy.read(in: directory)
        // The copy is written before the receipts, so it may be of a later download.
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
            .usage, "cannot tell which model \(printable(path, limit: 1024)) holds",
            remedy: .nameModel)
    }
}
