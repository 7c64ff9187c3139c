internal import Hashing
internal import Storage

/// What is known of a file's content apart from a SHA-256 in the manifest, and whether it is enough to accept a digest.
///
/// A value. Without a digest to compare with, all bytes must be known to be of one version of the file.
struct ContentEvidence: Sendable {
    /// The digest that the manifest expects but does not guarantee.
    private let expected: SHA256Digest?
    /// The digest that the file had when it was first seen in this directory.
    private let seen: SHA256Digest?
    private let isPinned: Bool
    /// The addresses that have sent a whole file of one version, by its digest.
    private var deliveries: [SHA256Digest: Set<SourceID>] = [:]

    /// - Parameter seen: the digest that the file had when it was first seen here.
    init(for file: ManifestFile, seen: SHA256Digest?) {
        isPinned = file.isPinned
        expected = file.isPinned ? nil : file.expected?.sha256
        self.seen = file.isPinned ? nil : seen
    }

    /// Whether there is no digest to judge the bytes by, so that bytes of several versions must never be mixed.
    var needsOneVersion: Bool { !isPinned && expected == nil && seen == nil }

    /// Whether to accept the digest of a complete file for which the manifest has none.
    ///
    /// - A digest that is expected, or was first seen here, is accepted wherever the bytes came from.
    /// - A digest that contradicts the expected one is accepted if two places deliver it, each of them in one version. A source
    ///   that redirects to another one delivers nothing of its own.
    /// - Any other digest is accepted if all bytes are of one version.
    mutating func accepts(_ digest: SHA256Digest, _ provenance: Provenance) -> Bool {
        if digest == expected { return true }
        if expected == nil, digest == seen { return true }
        switch provenance {
        case .oneVersion(let place):
            deliveries[digest, default: []].insert(place)
            if expected == nil { return true }
        case .nothing: return expected == nil
        // Two mirrors of a changing file may mix its versions in the same way, so their agreement proves nothing.
        case .oneSource, .mixed: return false
        }
        return deliveries[digest, default: []].count > 1
    }
}
