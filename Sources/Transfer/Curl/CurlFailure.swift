internal import CCurl
internal import Glibc

/// What libcurl reports about a failed transfer, and the ``TransferError`` that it means (libcurl-errors(3)).
struct CurlFailure {
    var code: CURLcode
    /// `CURLOPT_ERRORBUFFER`.
    var text = ""
    /// `CURLINFO_SSL_VERIFYRESULT`: OpenSSL's result of checking the certificate, 0 if there is none.
    var verifyResult = 0
    /// `CURLINFO_HTTP_CONNECTCODE`: the status of a proxy's response to `CONNECT`, 0 if there was none.
    var connectStatus = 0
    /// Whether the connection was established and the request could be sent.
    var isConnected = false
    /// `CURLINFO_OS_ERRNO`: why connecting failed, 0 if unknown.
    var systemError: Int32 = 0

    var error: TransferError {
        // Some texts quote a URL, such as the proxy's, together with its password.
        if text.utf8.contains(UInt8(ascii: "@")) {
            var failure = self
            failure.text = ""
            return failure.error
        }
        if isRefusedByProxy {
            // A gateway's 5xx may be as temporary as a server's.
            return TransferError(
                connectStatus >= 500 ? .serverBusy : .proxyRefused, "the proxy would not connect", status: connectStatus
            )
        }
        switch code {
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY: return TransferError(.malformed, text)
        // The texts of these two may quote a URL with its password.
        case CURLE_URL_MALFORMAT: return TransferError(.invalidURL, "libcurl does not accept it")
        case CURLE_COULDNT_RESOLVE_PROXY:
            return TransferError(.nameNotResolved, "the name of the proxy", remedy: .checkProxy)
        case CURLE_COULDNT_RESOLVE_HOST: return TransferError(.nameNotResolved, text)
        case CURLE_COULDNT_CONNECT where systemError != 0:
            return TransferError(.connectionFailed, String(cString: strerror(systemError)))
        case CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED, CURLE_NO_CONNECTION_AVAILABLE, CURLE_PROXY:
            return TransferError(.connectionFailed, text)
        case CURLE_PARTIAL_FILE: return TransferError(.short, text)
        // libcurl also reports a header field beyond its limit of 100 KB as lack of memory.
        case CURLE_OUT_OF_MEMORY where isConnected: return TransferError(.malformed, "a header field is too long")
        case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT, CURLE_UNRECOVERABLE_POLL:
            return TransferError(.localFailure, text)
        case CURLE_OPERATION_TIMEDOUT: return TransferError(isConnected ? .stalled : .connectTimeout, text)
        // OpenSSL's messages for a response in plain HTTP: the first up to 3.1, the second since 3.2.
        case CURLE_SSL_CONNECT_ERROR
        where text.contains("wrong version number") || text.contains("packet length too long"):
            return TransferError(.notTLS, "it may speak plain HTTP")
        // The alert of RFC 7301 §3.2 to an offer of HTTP/1.1 only.
        case CURLE_SSL_CONNECT_ERROR where text.contains("no application protocol"):
            return TransferError(.tlsFailed, text + " (does the server speak only HTTP/2?)", remedy: .offerHTTP2)
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_SHUTDOWN_FAILED: return TransferError(.tlsFailed, text)
        case CURLE_ABORTED_BY_CALLBACK: return TransferError(.cancelled)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT:
            let problem = CertificateProblem(verifyResult: verifyResult, text: text)
            return TransferError(.certificate, problem.prefix + text, remedy: problem.remedy)
        case CURLE_BAD_CONTENT_ENCODING: return TransferError(.contentEncoding, text)
        case CURLE_NOT_BUILT_IN, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION, CURLE_SETOPT_OPTION_SYNTAX,
            CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE:
            return TransferError(.configuration, text)
        case CURLE_LOGIN_DENIED, CURLE_AUTH_ERROR: return TransferError(.denied, text)
        // CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_HTTP2, CURLE_HTTP2_STREAM and all others: the
        // connection is lost. The number of attempts is limited.
        default:
            return TransferError(.connectionLost, text.isEmpty ? "libcurl error \(code.rawValue)" : text)
        }
    }

    private var isRefusedByProxy: Bool {
        (300...599).contains(connectStatus) && !isConnected
            && (code == CURLE_RECV_ERROR || code == CURLE_PROXY || code == CURLE_COULDNT_CONNECT)
    }
}
