internal import Hashing
internal import Transfer

/// The C libraries that this process runs with, for `--version` and bug reports: `libcurl/7.88.1 …; OpenSSL 3.0.19 …`.
package var linkedLibraries: String { "\(CurlTransport.libraryVersions); \(cryptoLibraryVersion)" }
