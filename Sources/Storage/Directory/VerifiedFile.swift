package import Hashing

/// A complete file with the digest that the manifest requires: the only input that a ``Publisher`` accepts.
///
/// Created only by `PartialFile.finish` and ``StoredFile/verified(_:as:)``, after they have compared size and digest.
package struct VerifiedFile: Sendable {
    let file: OpenFile
    let names: PartialNames
    package let identity: FileIdentity
    /// The digest of the file; equal to the manifest's digest if there is one.
    package let digest: SHA256Digest

    /// Up to `count` bytes from the beginning.
    package func prefix(_ count: Int) throws(StorageError) -> [UInt8] {
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
