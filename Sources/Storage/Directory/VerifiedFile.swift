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

    /// Its first bytes.
    package func front(_ count: Int) throws(StorageError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { buffer.deallocate() }
        return Array(buffer[..<(try file.read(into: buffer, at: 0))])
    }

    init(matched file: OpenFile, names: PartialNames, identity: FileIdentity, digest: SHA256Digest) {
        precondition(identity.sha256 == nil || identity.sha256 == digest)
        self.file = file
        self.names = names
        self.identity = identity
        self.digest = digest
    }
}
