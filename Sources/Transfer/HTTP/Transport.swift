/// The interface to the network: code above it sees requests, response heads and chunks, never a socket.
///
/// `CurlTransport` is the real one; tests have their own. A transport sends a request and returns its response. It
/// follows no redirects, does not judge the status and retries nothing: ``RangeFetcher`` and ``RangeReply`` do.
package protocol Transport: Sendable {
    /// Sends a `GET` request and returns when the final head (not a 1xx) has been received.
    ///
    /// From then on the body is received into a bounded queue; when that is full, the transfer pauses until the queue
    /// is read. Cancelling the calling task ends the request promptly, with ``TransferError/Code/cancelled``.
    func get(_ request: TransportRequest) async throws(TransferError) -> any TransportResponse
}

/// A response whose head has been received and whose body is being received.
package protocol TransportResponse: AnyObject, Sendable {
    var head: ResponseHead { get }

    /// The next bytes of the body, in order; `nil` when the message is complete according to its framing.
    ///
    /// One caller at a time. Throws the error that ended the transfer, after all bytes that were received before it.
    /// Cancelling the calling task ends the transfer promptly, with ``TransferError/Code/cancelled``.
    func next() async throws(TransferError) -> Chunk?

    /// Stops receiving. ``next()`` still returns what was received, and then throws ``TransferError/Code/cancelled``.
    func halt()

    /// Ends the transfer: no more bytes are received, and waiting callers get ``TransferError/Code/cancelled``. It may
    /// be called more than once, and after the end. Releasing the last reference has the same effect.
    func cancel()
}

extension TransportResponse {
    /// For transports that do not buffer.
    package func halt() { cancel() }
}

/// A `GET` request.
package struct TransportRequest: Sendable {
    package var url: HTTPURL
    /// The bytes to request (RFC 9110 §14.2), never empty; `nil` sends no `Range` field.
    package var range: Range<Int64>?
    /// A strong entity tag or a date for `If-Range` (RFC 9110 §13.1.5); sent only with `range`.
    package var ifRange: String?
    /// The credentials for the origin of `url`.
    package var credentials: Credentials
    /// The longest time for connecting, if that is less than what the transport allows.
    package var connectTimeout: Duration?

    package init(url: HTTPURL, range: Range<Int64>? = nil, ifRange: String? = nil, credentials: Credentials = .init()) {
        self.url = url
        self.range = range
        self.ifRange = ifRange
        self.credentials = credentials
    }
}

/// What is sent to one origin only.
package struct Credentials: Sendable {
    /// Additional header fields.
    package var headers: [(name: String, value: String)] = []
    /// The user and password for HTTP Basic authentication (RFC 7617), percent-decoded.
    package var userinfo: (user: String, password: String)?
    /// Whether libcurl may take credentials from the user's `.netrc`.
    package var netrc = false

    package init() {}

    package var isEmpty: Bool { headers.isEmpty && userinfo == nil && !netrc }
}

/// The head of a final response, with at most 64 KiB of header fields.
package struct ResponseHead: Sendable {
    package var status: Int
    /// Names in lower case and values without surrounding white space, in their original order. Bytes that are not
    /// UTF-8 are replaced. Control characters are not removed: validate a value before use, and escape it before
    /// printing.
    package var fields: [(name: String, value: String)]

    package init(status: Int, fields: [(name: String, value: String)]) {
        self.status = status
        self.fields = fields
    }

    /// The value of the first field of this name; `nil` if there is none.
    package func first(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// The values of all fields of this name.
    package func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }
}

// MARK: - Descriptions

// The default descriptions would print the secrets.
extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { isEmpty ? "no credentials" : "credentials (not shown)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
