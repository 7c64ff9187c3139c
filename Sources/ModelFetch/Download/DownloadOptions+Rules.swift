internal import Foundation
internal import Transfer

extension DownloadOptions {
    /// Finds what makes no sense whatever the model is. No message repeats a value: any of them may be a secret.
    ///
    /// - Throws: a ``Failure`` of kind ``Failure/Kind/usage``, or ``Failure/Kind/noInput`` for a certificate file.
    func check() throws(Failure) {
        for (name, value) in headers {
            guard HeaderRules.isName(name), HeaderRules.isValue(value) else {
                throw Failure(.usage, "a header field has a character in it that HTTP does not allow")
            }
            guard !HeaderRules.isReserved(name) else {
                throw Failure(
                    .usage, "the header field \(printable(name)) cannot be given: modelfetch decides about it itself")
            }
        }
        if let proxy, let fault = ProxyAddress.fault(in: proxy) {
            throw Failure(
                .usage, "the proxy's address \(fault)",
                hint: "a proxy is an address such as http://host:port or socks5h://host:port")
        }
        // libcurl would open a FIFO and wait for somebody who writes to it, and reads the file again for every connection.
        if let certificateFile, Self.isNoRegularFile(certificateFile) {
            let shown = printable(certificateFile, limit: 1024)
            throw Failure(.noInput, "the certificate file \(shown) is not a regular file")
        }
        if usesNetrc, Self.isNoRegularFile(NSHomeDirectory() + "/.netrc") {
            throw Failure(.noInput, "~/.netrc is not a regular file")
        }
    }

    /// Whether something else stands there, at the end of all symbolic links.
    private static func isNoRegularFile(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT != S_IFREG
    }
}
