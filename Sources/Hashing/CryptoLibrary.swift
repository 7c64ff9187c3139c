internal import CCrypto

/// The libcrypto that this process runs with (OpenSSL_version(3)).
package var cryptoLibraryVersion: String {
    OpenSSL_version(OPENSSL_VERSION).map { String(cString: $0) } ?? "unknown libcrypto"
}

/// Whether libcrypto's algorithms can be loaded. It loads them on first use, which takes memory that a process with a limit
/// (`ulimit -v`) may not have. Check this once, before anything depends on it.
package func cryptoLibraryWorks() -> Bool {
    guard let cipher = EVP_CIPHER_CTX_new() else { return false }
    defer { EVP_CIPHER_CTX_free(cipher) }
    guard let digest = EVP_MD_CTX_new() else { return false }
    defer { EVP_MD_CTX_free(digest) }
    let key = [UInt8](repeating: 0, count: BlockChecksummer.keyByteCount)
    return EVP_EncryptInit_ex(cipher, EVP_aes_128_gcm(), nil, key, nil) == 1
        && EVP_DigestInit_ex(digest, EVP_sha256(), nil) == 1
}

/// Called when libcrypto fails in the middle of an operation, which means that no memory is left. There is no way to continue: the
/// process ends, and what it has recorded is kept. A program may replace this to end with a message of its own.
///
/// nonisolated(unsafe): it may be set only before the process starts its second thread; afterwards it is only read.
package nonisolated(unsafe) var outOfMemory: @Sendable (_ what: String) -> Never = { preconditionFailure($0) }
