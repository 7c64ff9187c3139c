internal import Foundation
internal import Transfer

extension DownloadOptions {
    /// Rejects options that are invalid for any model. No message repeats a value, because any value may be a secret.
    ///
    /// - Throws: a ``Failure`` of kind ``Failure/Kind/usage``, or ``Failure/Kind/noInput`` for a certificate file.
    func check() throws(Failure) {
        for (name, value) in headers {
            guard HeaderRules.isName(name), HeaderRules.isValue(value) else {
                throw Failure(.usage, "a header field contains a character that HTTP does not allow")
            }
            guard !HeaderRules.isReserved(name) else {
                throw Failure(
                    .usage, "the header field \(printable(name)) cannot be given: modelfetch decides about it itself")
            }
        }
        if let proxy, let fault = ProxyAddress.fault(in: proxy) {
            throw Failure(
                .usage, "the proxy's address \(fault)",
                remedy: .correctProxy)
        }
        // libcurl would wait for a writer if this were a FIFO, and it reads the file again for every connection.
        if let certificateFile, Self.isNoRegularFile(certificateFile) {
            let shown = printable(certificateFile, limit: 1024)
            throw Failure(.noInput, "the certificate file \(shown) is not a regular file")
        }
        if usesNetrc, Self.isNoRegularFile(NSHomeDirectory() + "/.netrc") {
            throw Failure(.noInput, "~/.netrc is not a regular file")
        }
    }

    /// Whether the path, with all symbolic links resolved, leads to something other than a regular file.
    private static func isNoRegularFile(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT != S_IFREG
    }
}
