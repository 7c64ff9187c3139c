/// The seam to the network: everything above it sees requests, heads and chunks, never a socket.
///
/// `CurlTransport` is the real one. A transport does one request and one answer: it follows no redirect, judges no status,
/// retries nothing. What an answer means is decided above, in ``RangeReply`` and `RangeFetcher`.
package protocol Transport: Sendable {
    /// Sends one `GET` and returns when the final head (not a 1xx) has come.
    ///
    /// The body flows into a bounded queue from then on, whether or not anybody reads it; a full queue pauses the
    /// transfer. Cancelling the calling task ends the request promptly, with ``TransferError/Code/cancelled``.
    func get(_ request: TransportRequest) async throws(TransferError) -> any TransportResponse
}

/// An answer whose head has come and whose body is coming.
package protocol TransportResponse: AnyObject, Sendable {
    var head: ResponseHead { get }

    /// The next bytes of the body, in order; `nil` when the message ended as its own framing said it would.
    ///
    /// One caller at a time. Throws what broke the transfer; bytes that came before the break are handed out first.
    /// Cancelling the calling task ends the transfer promptly, with ``TransferError/Code/cancelled``.
    func next() async throws(TransferError) -> Chunk?

    /// Fetches no more; what came already is still handed out by ``next()``, and then ``TransferError/Code/cancelled``.
    func halt()

    /// Ends the transfer: no more bytes are fetched, and waiting callers get ``TransferError/Code/cancelled``. Harmless
    /// after the end, and more than once. Dropping the last reference does the same.
    func cancel()
}

extension TransportResponse {
    /// For transports that keep nothing back.
    package func halt() { cancel() }
}

/// One `GET`.
package struct TransportRequest: Sendable {
    package var url: HTTPURL
    /// Asks for these bytes (RFC 9110 §14.2); `nil` sends no `Range`. Never empty.
    package var range: Range<Int64>?
    /// A strong entity tag or a date for `If-Range` (RFC 9110 §13.1.5); sent only together with `range`.
    package var ifRange: String?
    /// The secrets of the origin that `url` names: never sent to another.
    package var credentials: Credentials
    /// How long connecting may take at most, if that is less than the transport allows.
    package var connectTimeout: Duration?

    package init(url: HTTPURL, range: Range<Int64>? = nil, ifRange: String? = nil, credentials: Credentials = .init()) {
        self.url = url
        self.range = range
        self.ifRange = ifRange
        self.credentials = credentials
    }
}

/// What a request carries for one origin alone.
package struct Credentials: Sendable {
    /// Further header fields, as the user gave them (already checked to be free of control characters).
    package var headers: [(name: String, value: String)] = []
    /// User and password for HTTP Basic authentication (RFC 7617), percent-decoded.
    package var userinfo: (user: String, password: String)?
    /// Whether libcurl may look the host up in the user's `.netrc`.
    package var netrc = false

    package init() {}

    package var isEmpty: Bool { headers.isEmpty && userinfo == nil && !netrc }
}

/// A final head, within bounds: at most 64 KiB of header fields.
package struct ResponseHead: Sendable {
    package var status: Int
    /// Field names in lower case, values without surrounding white space, in the order they came. Bytes that are not UTF-8
    /// were replaced; control characters are still there, so validate before use and escape before printing.
    package var fields: [(name: String, value: String)]

    package init(status: Int, fields: [(name: String, value: String)]) {
        self.status = status
        self.fields = fields
    }

    /// The value of a field that must stand once; `nil` when it is missing.
    package func first(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// Every value of a field.
    package func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }
}

// MARK: - Descriptions

// The default descriptions would print the secrets.
extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { isEmpty ? "no credentials" : "credentials (not shown)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
