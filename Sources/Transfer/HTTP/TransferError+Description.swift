extension TransferError: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String {
        var text = headline
        if let status, code != .serverBusy { text += " (HTTP \(status))" }
        if !detail.isEmpty { text += ": " + detail }
        if let url { text += ", from " + url }
        if let offset { text += ", at byte \(offset)" }
        if let retryAfter { text += "; the server asks to wait \(retryAfter.components.seconds) s" }
        return text
    }

    package var debugDescription: String { description }

    /// What happened in two or three words.
    package var brief: String {
        if let status, status != 200, status != 206 { return "\(status)" }
        return switch code {
        case .nameNotResolved: "name not found"
        case .connectionFailed: "cannot connect"
        case .connectTimeout: "no connection"
        case .tlsFailed: "TLS failed"
        case .notTLS: "no TLS"
        case .connectionLost: "connection lost"
        case .short: "ended early"
        case .stalled: "stalled"
        case .page: "a web page came"
        default: headline
        }
    }

    private var headline: String {
        switch code {
        case .nameNotResolved: "the host name could not be resolved"
        case .connectionFailed: "could not connect"
        case .connectTimeout: "no connection in time"
        case .tlsFailed: "the TLS handshake failed"
        case .connectionLost: "the connection broke"
        case .short: "the body ended early"
        case .stalled: "the transfer stalled"
        case .serverBusy: "the server cannot answer now (HTTP \(status.map(String.init) ?? "?"))"
        case .rangeNotSatisfiable: "the server will not give this range"
        case .localFailure: "a transfer could not be started here"
        case .denied: "the server denies access"
        case .notFound: "the server does not have the file"
        case .clientError: "the server refuses the request"
        case .proxyRefused: "the proxy refuses to connect"
        case .unprovable: "nothing shows that the server's file is still the same, and no digest would tell"
        case .notTLS: "the server does not speak TLS on this port"
        case .certificate: "the server's certificate is not to be trusted"
        case .redirectRefused: "a redirect was refused"
        case .wrongRange: "the server sent another range"
        case .wrongLength: "this is not the file: wrong length"
        case .contentEncoding: "the server encoded the body although the plain bytes were asked for"
        case .overlong: "the server sends more than was asked for"
        case .malformed: "the server's answer is malformed"
        case .unexpectedStatus: "unexpected answer"
        case .invalidURL: "not a usable URL"
        case .invalidRequest: "not a usable request"
        case .configuration: "the transfer settings do not work"
        case .page: "a web page came instead of the file (a log-in portal?)"
        case .cancelled: "cancelled"
        }
    }
}
