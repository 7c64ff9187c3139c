internal import CCrypto

/// An incremental SHA-256 over libcrypto's `EVP_MD_CTX` (EVP_DigestInit(3)).
///
/// The value owns the context, frees it at its end, and is consumed by ``finalize()``. If libcrypto fails here, memory is exhausted
/// or the library has no SHA-256. A caller can do nothing about either, so the program ends: see ``outOfMemory``.
package struct SHA256Hasher: ~Copyable {
    private let context: OpaquePointer

    package init() {
        guard let context = EVP_MD_CTX_new() else {
            outOfMemory("libcrypto has no memory for a digest context")
        }
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            outOfMemory("this libcrypto has no SHA-256")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Feeds the next bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
        if !(EVP_DigestUpdate(context, base, bytes.count) == 1) { outOfMemory("EVP_DigestUpdate failed") }
    }

    /// The digest of everything fed so far. Consumes the hasher.
    package consuming func finalize() -> SHA256Digest {
        let bytes = [UInt8](unsafeUninitializedCapacity: SHA256Digest.byteCount) { buffer, count in
            if !(EVP_DigestFinal_ex(context, buffer.baseAddress, nil) == 1) { outOfMemory("EVP_DigestFinal_ex failed") }
            count = SHA256Digest.byteCount
        }
        return SHA256Digest(bytes: bytes)!
    }

    /// The digest of one buffer.
    package static func digest(of bytes: UnsafeRawBufferPointer) -> SHA256Digest {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        return hasher.finalize()
    }
}
