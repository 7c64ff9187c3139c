extension TransferError: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String {
        var text = headline
        if let status, code != .serverBusy { text += " (HTTP \(status))" }
        if !detail.isEmpty { text += ": " + detail }
        if let url { text += ", from " + url }
        if let offset { text += ", at byte \(offset)" }
        if let retryAfter { text += "; the server asks to retry after \(retryAfter.components.seconds) s" }
        return text
    }

    package var debugDescription: String { description }

    /// The failure in two or three words, or the HTTP status.
    package var brief: String {
        if let status, status != 200, status != 206 { return "\(status)" }
        return switch code {
        case .nameNotResolved: "host not found"
        case .connectionFailed: "cannot connect"
        case .connectTimeout: "connecting timed out"
        case .tlsFailed: "TLS failed"
        case .notTLS: "no TLS"
        case .connectionLost: "connection lost"
        case .short: "ended early"
        case .stalled: "stalled"
        case .page: "got a web page"
        default: headline
        }
    }

    private var headline: String {
        switch code {
        case .nameNotResolved: "could not resolve the host name"
        case .connectionFailed: "could not connect"
        case .connectTimeout: "connecting timed out"
        case .tlsFailed: "the TLS handshake failed"
        case .connectionLost: "the connection was lost"
        case .short: "the response ended early"
        case .stalled: "the transfer stalled"
        case .serverBusy: "the server is temporarily unavailable (HTTP \(status.map(String.init) ?? "?"))"
        case .rangeNotSatisfiable: "the server rejected the requested range"
        case .localFailure: "the transfer failed on this machine"
        case .denied: "the server denied access"
        case .notFound: "the server does not have the file"
        case .clientError: "the server rejected the request"
        case .proxyRefused: "the proxy refused to connect"
        case .unprovable: "cannot tell whether the server's file has changed"
        case .notTLS: "the server does not speak TLS on this port"
        case .certificate: "the server's certificate is not trusted"
        case .redirectRefused: "the redirect was not followed"
        case .wrongRange: "the server sent the wrong range"
        case .wrongLength: "wrong file size"
        case .contentEncoding: "the server sent encoded data, which was not requested"
        case .overlong: "the server sent more data than was requested"
        case .malformed: "malformed response"
        case .unexpectedStatus: "unexpected response"
        case .invalidURL: "invalid URL"
        case .invalidRequest: "invalid request"
        case .configuration: "the connection settings cannot be used"
        case .page: "got a web page instead of the file (a login page or captive portal?)"
        case .cancelled: "cancelled"
        }
    }
}
