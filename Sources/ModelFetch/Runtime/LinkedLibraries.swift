internal import Hashing
internal import Transfer

/// The C libraries that this process uses, for version information and bug reports: `libcurl/7.88.1 …; OpenSSL 3.0.19 …`.
package var linkedLibraries: String { "\(CurlTransport.libraryVersions); \(cryptoLibraryVersion)" }

/// Throws a ``Failure`` if libcrypto does not work, which can happen if memory is limited.
func checkCryptoLibrary() throws(Failure) {
    guard cryptoLibraryWorks() else {
        throw Failure(
            .cannotWrite, "libcrypto cannot be used: too little memory",
            remedy: .raiseLimit(.memory))
    }
}

/// Throws a ``Failure`` if a download cannot work with the C libraries of this system.
func checkLibraries() throws(Failure) {
    try checkCryptoLibrary()
    guard CurlVersion.running >= .oldest else {
        throw Failure(
            .cannotWrite,
            "modelfetch needs libcurl \(CurlVersion.oldest) or later; this system has \(CurlVersion.running)",
            remedy: .updateLibcurl)
    }
}
