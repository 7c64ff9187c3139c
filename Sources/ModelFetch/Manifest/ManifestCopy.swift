internal import Storage

/// The copy of the manifest in a model directory, by which the directory can be audited without anything else.
package enum ManifestCopy {
    /// Its path in the model directory.
    package static let name = StateNames.manifest
    /// A longer copy is not read, and therefore not written.
    static let maximumLength = StrictJSON.maximumBytes

    /// The manifest of which a directory has a copy; `nil` if there is no copy that can be read.
    static func read(in directory: ModelDirectory) -> LoadedManifest? {
        guard let bytes = try? directory.contents(of: name, limit: maximumLength) else { return nil }
        return try? Manifest.decode(bytes, from: .receipt(directory.path))
    }
}
