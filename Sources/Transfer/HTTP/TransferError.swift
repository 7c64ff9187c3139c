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

// MARK: - Codes

extension TransferError {
    /// The kind of failure.
    package enum Code: Hashable, Sendable {
        // Temporary.

        /// The name of the host or of the proxy could not be resolved.
        case nameNotResolved
        /// No connection: refused, unreachable.
        case connectionFailed
        /// No connection within the time allowed for one.
        case connectTimeout
        /// The TLS handshake broke off for another reason than the certificate.
        case tlsFailed
        /// The connection broke.
        case connectionLost
        /// The body ended early.
        case short
        /// Fewer bytes than the floor for longer than the time allowed.
        case stalled
        /// 408, 425, 429 or 5xx.
        case serverBusy
        /// 416 from a server whose file has the size that we know, or that did not tell it.
        case rangeNotSatisfiable
        /// Out of memory or descriptors here.
        case localFailure

        // Another source may do.

        /// 401, 403.
        case denied
        /// 404, 410.
        case notFound
        /// Any other 4xx.
        case clientError
        /// The proxy wants credentials (407), or will not connect us.
        case proxyRefused
        /// Nothing shows that what it gives in several answers is of one version of the file.
        case unprovable
        /// What answers on an https port does not speak TLS.
        case notTLS

        // Wrong or unsafe.

        /// The server's certificate does not prove who it is.
        case certificate
        /// A redirect that we do not follow: a loop, too many, another scheme, https to http.
        case redirectRefused
        /// A 206 with another range than asked, several parts, or none told.
        case wrongRange
        /// The length or total contradicts the size that we know.
        case wrongLength
        /// The body is encoded although we asked for the plain bytes.
        case contentEncoding
        /// The body goes on after the end of what was asked.
        case overlong
        /// The answer breaks HTTP: endless or folded header fields, contradicting lengths, rubbish.
        case malformed
        /// A status that answers no `GET` of ours.
        case unexpectedStatus
        /// Not an address that we use.
        case invalidURL
        /// The request itself is not one that we send.
        case invalidRequest
        /// A setting of ours that libcurl does not take, such as an unreadable certificate file.
        case configuration
        /// A web page instead of the file.
        case page
        /// The task or the transport was told to stop.
        case cancelled
    }
}
