internal import CCrypto

/// The libcrypto that this process runs with (OpenSSL_version(3)).
package var cryptoLibraryVersion: String {
    OpenSSL_version(OPENSSL_VERSION).map { String(cString: $0) } ?? "unknown libcrypto"
}
