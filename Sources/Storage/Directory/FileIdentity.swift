package import Hashing

/// What a file must be: its path, its size and, where the manifest gives one, its digest. A journal belongs to one identity.
package struct FileIdentity: Hashable, Sendable {
    /// The path in the manifest.
    package var path: String
    /// Bytes.
    package var size: Int64
    /// `nil` where the manifest has no digest.
    package var sha256: SHA256Digest?

    package init(path: String, size: Int64, sha256: SHA256Digest?) {
        self.path = path
        self.size = size
        self.sha256 = sha256
    }
}
