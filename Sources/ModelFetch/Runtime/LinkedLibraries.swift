internal import Hashing
internal import Transfer

/// The C libraries that this process runs with, for `--version` and bug reports: `libcurl/7.88.1 …; OpenSSL 3.0.19 …`.
package var linkedLibraries: String { "\(CurlTransport.libraryVersions); \(cryptoLibraryVersion)" }

/// Whether libcrypto works here, where memory may be limited.
func checkCryptoLibrary() throws(Failure) {
    guard cryptoLibraryWorks() else {
        throw Failure(
            .cannotWrite, "libcrypto cannot be used: too little memory",
            hint: "raise the limit (ulimit -v), and run it again")
    }
}

/// Whether both C libraries are ones that a download can work with.
func checkLibraries() throws(Failure) {
    try checkCryptoLibrary()
    guard CurlVersion.running >= .oldest else {
        throw Failure(
            .cannotWrite,
            "modelfetch needs libcurl \(CurlVersion.oldest) or later; this system has \(CurlVersion.running)",
            hint: "install a newer libcurl")
    }
}
