/// What went wrong between us and a server.
///
/// The fields are safe to print: the address has neither password nor query, and text from the network is escaped and
/// bounded. Whether another attempt makes sense is ``disposition-swift.property``; how long to wait is ``RetryPolicy``.
package struct TransferError: Error, Hashable, Sendable {
    package var code: Code
    /// Where, redacted.
    package var url: String?
    /// The HTTP status, if an answer came.
    package var status: Int?
    /// The offset in the file up to which bytes came.
    package var offset: Int64?
    /// How long the server asked us to wait.
    package var retryAfter: Duration?
    /// Expected and actual, in words; escaped.
    package var detail: String

    package init(
        _ code: Code, _ detail: String = "", url: HTTPURL? = nil, status: Int? = nil, offset: Int64? = nil,
        retryAfter: Duration? = nil
    ) {
        self.code = code
        self.url = url?.redacted
        self.status = status
        self.offset = offset
        self.retryAfter = retryAfter
        self.detail = escaped(detail, limit: 400)
    }

    /// The same error with what the caller knows filled in where it is missing.
    package func at(_ url: HTTPURL? = nil, offset: Int64? = nil) -> TransferError {
        var error = self
        if error.url == nil { error.url = url?.redacted }
        if error.offset == nil { error.offset = offset }
        return error
    }
}

// MARK: - What to do about it

extension TransferError {
    /// What the caller should do next.
    package enum Disposition: Hashable, Sendable {
        /// It may pass: wait and ask again.
        case retry
        /// This source will not give us the file; another one may.
        case nextSource
        /// This source answered something wrong or unsafe.
        case refuse
        /// A web page came instead of the file: a portal may go away, so wait and ask again; when the attempts are
        /// spent it counts as ``refuse``.
        case page
        /// We were told to stop.
        case cancelled
    }

    package var disposition: Disposition {
        switch code.storage {
        case .nameNotResolved, .connectionFailed, .connectTimeout, .tlsFailed, .connectionLost, .short, .stalled,
            .serverBusy, .rangeNotSatisfiable, .localFailure:
            .retry
        case .denied, .notFound, .clientError, .proxyRefused, .notTLS, .unprovable: .nextSource
        case .certificate, .redirectRefused, .wrongRange, .wrongLength, .contentEncoding, .overlong, .malformed,
            .unexpectedStatus, .invalidURL, .invalidRequest, .configuration:
            .refuse
        case .page: .page
        case .cancelled: .cancelled
        }
    }
}

extension TransferError {
    /// Whether no way led to a server of the kind that was asked for: it may be the network, or the address.
    package var isUnreachable: Bool {
        switch code.storage {
        case .nameNotResolved, .connectionFailed, .connectTimeout, .tlsFailed, .notTLS: true
        default: false
        }
    }

    /// Whether it came about here, and says nothing about any server.
    package var isOurs: Bool {
        switch code.storage {
        case .localFailure, .invalidURL, .invalidRequest, .configuration, .cancelled: true
        default: false
        }
    }
}

// MARK: - Codes

extension TransferError {
    /// The kind of failure; more may come.
    package struct Code: Hashable, Sendable {
        fileprivate enum Storage: String, Hashable, Sendable {
            case nameNotResolved, connectionFailed, connectTimeout, tlsFailed, connectionLost, short, stalled
            case serverBusy, rangeNotSatisfiable, localFailure
            case denied, notFound, clientError, proxyRefused, notTLS, unprovable
            case certificate, redirectRefused, wrongRange, wrongLength, contentEncoding, overlong, malformed
            case unexpectedStatus, invalidURL, invalidRequest, configuration
            case page
            case cancelled
        }

        fileprivate let storage: Storage
        private init(_ storage: Storage) { self.storage = storage }

        /// A stable word for machine-readable reports.
        package var name: String { storage.rawValue }

        // Temporary.

        /// The name of the host or of the proxy could not be resolved.
        package static let nameNotResolved = Code(.nameNotResolved)
        /// No connection: refused, unreachable.
        package static let connectionFailed = Code(.connectionFailed)
        /// No connection within the time allowed for one.
        package static let connectTimeout = Code(.connectTimeout)
        /// The TLS handshake broke off for another reason than the certificate.
        package static let tlsFailed = Code(.tlsFailed)
        /// The connection broke.
        package static let connectionLost = Code(.connectionLost)
        /// The body ended early.
        package static let short = Code(.short)
        /// Fewer bytes than the floor for longer than the time allowed.
        package static let stalled = Code(.stalled)
        /// 408, 425, 429 or 5xx.
        package static let serverBusy = Code(.serverBusy)
        /// 416 from a server whose file has the size that we know, or that did not tell it.
        package static let rangeNotSatisfiable = Code(.rangeNotSatisfiable)
        /// Out of memory or descriptors here.
        package static let localFailure = Code(.localFailure)

        // Another source may do.

        /// 401, 403.
        package static let denied = Code(.denied)
        /// 404, 410.
        package static let notFound = Code(.notFound)
        /// Any other 4xx.
        package static let clientError = Code(.clientError)
        /// The proxy wants credentials (407), or will not connect us.
        package static let proxyRefused = Code(.proxyRefused)
        /// Nothing shows that what it gives in several answers is of one version of the file.
        package static let unprovable = Code(.unprovable)
        /// What answers on an https port does not speak TLS.
        package static let notTLS = Code(.notTLS)

        // Wrong or unsafe.

        /// The server's certificate does not prove who it is.
        package static let certificate = Code(.certificate)
        /// A redirect that we do not follow: a loop, too many, another scheme, https to http.
        package static let redirectRefused = Code(.redirectRefused)
        /// A 206 with another range than asked, several parts, or none told.
        package static let wrongRange = Code(.wrongRange)
        /// The length or total contradicts the size that we know.
        package static let wrongLength = Code(.wrongLength)
        /// The body is encoded although we asked for the plain bytes.
        package static let contentEncoding = Code(.contentEncoding)
        /// The body goes on after the end of what was asked.
        package static let overlong = Code(.overlong)
        /// The answer breaks HTTP: endless or folded header fields, contradicting lengths, rubbish.
        package static let malformed = Code(.malformed)
        /// A status that answers no `GET` of ours.
        package static let unexpectedStatus = Code(.unexpectedStatus)
        /// Not an address that we use.
        package static let invalidURL = Code(.invalidURL)
        /// The request itself is not one that we send.
        package static let invalidRequest = Code(.invalidRequest)
        /// A setting of ours that libcurl does not take, such as an unreadable certificate file.
        package static let configuration = Code(.configuration)

        /// A web page instead of the file.
        package static let page = Code(.page)

        /// The task or the transport was told to stop.
        package static let cancelled = Code(.cancelled)
    }
}

// MARK: - Words

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
        return switch code.storage {
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
        switch code.storage {
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
