package import Hashing

/// A file whose every byte hashed to what the manifest says: the only thing that a ``Publisher`` takes.
///
/// Made by ``PartialFile/finish()`` and ``StoredFile/verify(against:progress:)`` alone, after their comparison.
package struct VerifiedFile: Sendable {
    let file: OpenFile
    let names: PartialNames
    package let identity: FileIdentity
    /// What the file hashed to; equal to the manifest's digest where that has one.
    package let digest: SHA256Digest

    init(matched file: OpenFile, names: PartialNames, identity: FileIdentity, digest: SHA256Digest) {
        precondition(identity.sha256 == nil || identity.sha256 == digest)
        self.file = file
        self.names = names
        self.identity = identity
        self.digest = digest
    }
}
