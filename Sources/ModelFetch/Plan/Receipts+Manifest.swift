internal import Hashing
internal import Storage

/// What receipts say about the files of a manifest.
extension Receipts {
    /// The receipt of a file, if it still holds: the file has not been changed since it was verified, and what was verified
    /// then is what the manifest asks for now.
    ///
    /// - Parameters:
    ///   - status: what has the file's final name.
    ///   - bootID: the identifier of the current boot.
    func valid(for file: ManifestFile, _ status: FileStatus, bootID: String?) -> Receipt? {
        guard let receipt = unchanged(at: file.path, status, bootID: bootID) else { return nil }
        guard file.sha256 == nil || file.sha256 == receipt.sha256 else { return nil }
        guard file.size == nil || file.size == receipt.size else { return nil }
        return receipt
    }

    /// The receipt of whatever has a path, if the file has not been changed since it was verified, whichever manifest it was
    /// verified by.
    func unchanged(at path: ManifestPath, _ status: FileStatus, bootID: String?) -> Receipt? {
        guard let receipt = files[path.string], receipt.matches(status, bootID: bootID) else { return nil }
        return receipt
    }

    /// The digest that a file had when it was first seen in this directory, if the manifest has none.
    func firstSeenDigest(of file: ManifestFile) -> SHA256Digest? {
        guard !file.isPinned, let receipt = files[file.path.string], !receipt.pinned else { return nil }
        return receipt.sha256
    }

    /// Drops receipts of files that are not in the manifest and no longer exist. Those of files that exist stay, because several
    /// manifests may use one directory in turn.
    mutating func forgetOthers(than manifest: Manifest, goneFrom directory: ModelDirectory) {
        let known = Set(manifest.files.map(\.path.string))
        for path in files.keys where !known.contains(path) {
            // Receipts may have been tampered with: nothing outside the directory is looked at.
            let exists = (try? ManifestPath(path)) != nil && (try? directory.status(of: path))?.kind == .regular
            if !exists { files[path] = nil }
        }
    }
}
