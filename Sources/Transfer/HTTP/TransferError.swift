/// The failure of a transfer.
///
/// All fields are safe to print: the URL has neither password nor query, and text from the network is escaped and
/// limited. ``disposition-swift.property`` says whether another attempt makes sense, and ``RetryPolicy`` when.
package struct TransferError: Error, Hashable, Sendable {
    package var code: Code
    /// The URL that was requested, redacted.
    package var url: String?
    /// The HTTP status, if there was a response.
    package var status: Int?
    /// The offset in the file up to which bytes were received.
    package var offset: Int64?
    /// How long the server asked to wait (`Retry-After`).
    package var retryAfter: Duration?
    /// The details, such as what was expected and what was received; escaped.
    package var detail: String
    /// What may help, where the cause tells.
    package var remedy: TransferRemedy?

    package init(
        _ code: Code, _ detail: String = "", url: HTTPURL? = nil, status: Int? = nil, offset: Int64? = nil,
        retryAfter: Duration? = nil, remedy: TransferRemedy? = nil
    ) {
        self.code = code
        self.url = url?.redacted
        self.status = status
        self.offset = offset
        self.retryAfter = retryAfter
        self.detail = escaped(detail, limit: 400)
        self.remedy = remedy
    }

    /// A copy with the URL and the offset filled in where they are missing.
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
        // Temporary: retry.

        /// The name of the host or of the proxy could not be resolved.
        case nameNotResolved
        /// The connection was refused, or the host is unreachable.
        case connectionFailed
        /// Connecting took longer than the limit.
        case connectTimeout
        /// The TLS handshake failed for a reason other than the certificate.
        case tlsFailed
        /// The connection was lost.
        case connectionLost
        /// The body ended early.
        case short
        /// The transfer was slower than the floor for longer than the limit.
        case stalled
        /// Status 408, 425, 429 or 5xx.
        case serverBusy
        /// Status 416 from a server whose file has the expected size, or that did not say its size.
        case rangeNotSatisfiable
        /// Memory, descriptors or threads ran out on this machine.
        case localFailure

        // Final for this source: try the next one.

        /// Status 401 or 403.
        case denied
        /// Status 404 or 410.
        case notFound
        /// Any other status 4xx.
        case clientError
        /// The proxy requires credentials (407), or refuses to connect.
        case proxyRefused
        /// Nothing shows that the bytes of several responses are of the same version of the file.
        case unprovable
        /// The server does not speak TLS on an https port.
        case notTLS

        // Wrong or unsafe: do not use this source.

        /// The server's certificate is not trusted.
        case certificate
        /// A redirect that is not followed: a loop, too many redirects, an unsupported scheme, or https to http.
        case redirectRefused
        /// A 206 with a range that was not requested, several parts, or no range.
        case wrongRange
        /// A length or total that contradicts the expected size.
        case wrongLength
        /// An encoded body, although identity encoding was requested.
        case contentEncoding
        /// The body continues past the end of what was requested.
        case overlong
        /// The response violates HTTP, for example by endless or folded header fields or contradicting lengths.
        case malformed
        /// A status that is no valid response to the request.
        case unexpectedStatus
        /// Not a URL, or not an http or https URL.
        case invalidURL
        /// The request is not valid.
        case invalidRequest
        /// A setting that libcurl rejects, such as an unreadable certificate file.
        case configuration

        /// A web page instead of the file, for example from a captive portal.
        case page
        /// The task or the transport was cancelled.
        case cancelled
    }
}
