internal import CCrypto

/// The libcrypto that this process runs with (OpenSSL_version(3)).
package var cryptoLibraryVersion: String {
    OpenSSL_version(OPENSSL_VERSION).map { String(cString: $0) } ?? "unknown libcrypto"
}

/// Whether libcrypto can do what is asked of it here. It loads its algorithms when they are first used, which takes memory that
/// a limited process may not have (`ulimit -v`): asked once, before anything depends on it.
package func cryptoLibraryWorks() -> Bool {
    guard let cipher = EVP_CIPHER_CTX_new() else { return false }
    defer { EVP_CIPHER_CTX_free(cipher) }
    guard let digest = EVP_MD_CTX_new() else { return false }
    defer { EVP_MD_CTX_free(digest) }
    let key = [UInt8](repeating: 0, count: BlockChecksummer.keyByteCount)
    return EVP_EncryptInit_ex(cipher, EVP_aes_128_gcm(), nil, key, nil) == 1
        && EVP_DigestInit_ex(digest, EVP_sha256(), nil) == 1
}

/// What happens when libcrypto fails in the middle of the work, which means that there is no memory left. Nothing can go on then:
/// the program stops, and what it has recorded is kept. A program may end in its own words instead. Set before there is a
/// second thread.
package nonisolated(unsafe) var outOfMemory: @Sendable (_ what: String) -> Never = { preconditionFailure($0) }
