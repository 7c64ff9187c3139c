internal import Glibc

/// What libcurl says about a transfer that failed, and what it means to us (libcurl-errors(3)).
struct CurlFailure {
    /// A `CURLcode`.
    var code: UInt32
    /// What libcurl left in `CURLOPT_ERRORBUFFER`.
    var text = ""
    /// `CURLINFO_SSL_VERIFYRESULT`: an `X509_V_ERR_…` of OpenSSL (openssl-verification-options(1)), 0 if it did not
    /// say.
    var verifyResult = 0
    /// `CURLINFO_HTTP_CONNECTCODE`: what a proxy answered to `CONNECT`, 0 if it was not asked.
    var connectStatus = 0
    /// Whether the request was already on its way.
    var isConnected = false
    /// `CURLINFO_OS_ERRNO`: why no connection could be made, 0 if nothing told.
    var systemError: Int32 = 0

    var error: TransferError {
        // Some texts repeat an address, a proxy's for one, with the password in it.
        if text.utf8.contains(UInt8(ascii: "@")) {
            var failure = self
            failure.text = ""
            return failure.error
        }
        if (300...599).contains(connectStatus), !isConnected, code == 56 || code == 97 || code == 7 {
            // A gateway's 5xx passes like a server's.
            return TransferError(
                connectStatus >= 500 ? .serverBusy : .proxyRefused, "the proxy would not connect", status: connectStatus
            )
        }
        switch code {
        case 1, 8: return TransferError(.malformed, text)
        // The texts of these two may repeat an address with a password in it.
        case 3: return TransferError(.invalidURL, "libcurl does not take it")
        case 5: return TransferError(.nameNotResolved, "that of the proxy", remedy: .checkProxy)
        case 6: return TransferError(.nameNotResolved, text)
        case 7 where systemError != 0: return TransferError(.connectionFailed, String(cString: strerror(systemError)))
        case 7, 45, 89, 97: return TransferError(.connectionFailed, text)
        case 18: return TransferError(.short, text)
        // A header field beyond libcurl's own limit (100 KB) is reported as if memory were short.
        case 27 where isConnected: return TransferError(.malformed, "a header field that is too long")
        case 27, 2, 99: return TransferError(.localFailure, text)
        case 28: return TransferError(isConnected ? .stalled : .connectTimeout, text)
        // What OpenSSL says of an answer in plain HTTP: the first up to 3.1, the second from 3.2 on.
        case 35 where text.contains("wrong version number") || text.contains("packet length too long"):
            return TransferError(.notTLS, "does it speak plain http there?")
        // The alert of RFC 7301 §3.2; we had offered HTTP/1.1.
        case 35 where text.contains("no application protocol"):
            return TransferError(.tlsFailed, text + " (does the server speak only HTTP/2?)", remedy: .offerHTTP2)
        case 35, 80: return TransferError(.tlsFailed, text)
        case 42: return TransferError(.cancelled)
        case 60, 51, 83, 90, 91, 98:
            let (problem, remedy) = certificateProblem
            return TransferError(.certificate, problem, remedy: remedy)
        case 61: return TransferError(.contentEncoding, text)
        case 43, 48, 49, 53, 54, 58, 59, 64, 66, 77, 82, 4: return TransferError(.configuration, text)
        case 67, 94: return TransferError(.denied, text)
        // 16, 52, 55, 56, 92 and whatever else may come: the connection is gone, and the attempts are counted.
        default: return TransferError(.connectionLost, text.isEmpty ? "libcurl error \(code)" : text)
        }
    }

    /// Which of the usual four problems of a certificate it is, and what may help.
    private var certificateProblem: (String, TransferRemedy?) {
        switch verifyResult {
        case 9: ("not valid yet: " + text, .checkClock)
        case 10: ("expired: " + text, .checkClock)
        case 2, 18, 19, 20, 21: ("issued by an authority that is not trusted here: " + text, .trustAuthority)
        case 62, 64: ("issued for another host: " + text, nil)
        // libcurl compares the names itself, and then OpenSSL gives no result.
        case _ where text.contains("host name") || text.contains("subject name"):
            ("issued for another host: " + text, nil)
        default: (text, nil)
        }
    }
}
