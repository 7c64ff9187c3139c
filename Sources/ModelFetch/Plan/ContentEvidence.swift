internal import Hashing
internal import Storage

/// What is known of a file's content besides a SHA-256 in the manifest, and whether it is enough for a digest to stand.
///
/// A pure value. Without a digest to compare with, all bytes must demonstrably be those of one version of the file.
struct ContentEvidence: Sendable {
    /// What the manifest expects, without having seen it.
    private let expected: SHA256Digest?
    /// What the file hashed to when it was first seen in this directory.
    private let seen: SHA256Digest?
    private let isPinned: Bool
    /// Which sources have given a file of which digest, all of it, and of one version.
    private var deliveries: [SHA256Digest: Set<SourceID>] = [:]

    /// - Parameter seen: the digest that the file had when it was first seen here.
    init(for file: ManifestFile, seen: SHA256Digest?) {
        isPinned = file.isPinned
        expected = file.isPinned ? nil : file.expected?.sha256
        self.seen = file.isPinned ? nil : seen
    }

    /// Whether nothing covers every byte of the file, so that bytes of several versions must never come together.
    var needsOneVersion: Bool { !isPinned && expected == nil && seen == nil }

    /// Whether the digest of a complete file may stand although the manifest has none.
    ///
    /// - One that is expected, or was seen here before, may, wherever its bytes came from.
    /// - One that contradicts what is expected may if a second source delivers the same, each of them one version.
    /// - Any other may if its bytes are those of one version.
    mutating func accepts(_ digest: SHA256Digest, _ provenance: Provenance) -> Bool {
        if digest == expected { return true }
        if expected == nil, digest == seen { return true }
        switch provenance {
        case .oneVersion(let source):
            deliveries[digest, default: []].insert(source)
            if expected == nil { return true }
        case .nothing: return expected == nil
        // Two mirrors of a changing file may mix its versions in the same way.
        case .oneSource, .mixed: return false
        }
        return deliveries[digest, default: []].count > 1
    }
}
