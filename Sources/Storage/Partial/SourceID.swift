package import Hashing

/// Identifies a source by a digest of its whole URL. Two URLs that differ only in the query are two sources, and no secret
/// in a URL reaches the disk.
package struct SourceID: Hashable, Sendable {
    package let digest: SHA256Digest

    /// - Parameter url: the whole URL, query included, without user and password.
    package init(url: String) {
        digest = Array(url.utf8).withUnsafeBytes { SHA256Hasher.digest(of: $0) }
    }

    init(digest: SHA256Digest) { self.digest = digest }
}
