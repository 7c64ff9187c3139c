/// A fault in a response. A rule holds any number of them.
///
/// The JSON form is the one that the compiler derives: an object with the name of the case as its only key and the
/// labels as keys inside, `{"drop": {"after": 100}}`. Optional values may be left out. `README.md` has a table of all
/// faults.
///
/// A *transfer* is a response to `GET` with bytes of a file. It ends when all of it was sent, or the client has closed the
/// connection. Transfers are counted for the server as a whole.
package enum Fault: Sendable, Hashable, Codable {
    // MARK: How the body ends. "After" counts the bytes of this response's body; a shorter body is not affected.

    /// Closes the connection (FIN) after this many body bytes.
    case drop(after: Int64)
    /// Closes the connection (FIN) with this many of the last bytes missing.
    case truncate(missing: Int64)
    /// Resets the connection (RST) after this many body bytes, once the client's kernel has received them.
    case reset(after: Int64)
    /// Sends nothing more after this many body bytes, but keeps the connection open until the client closes it or the
    /// server stops.
    case stall(after: Int64)
    /// Pauses after this many body bytes until the test calls ``FaultServer/openGates()``, then sends the rest.
    case gate(after: Int64)
    /// Sends nothing of the file from this offset on, whatever range was requested and however often, until the test calls
    /// ``FaultServer/openGates()``.
    case hold(at: Int64)
    /// Sends nothing more from the point at this percentage of the file on, but keeps the connection open until the client
    /// closes it. Only the first `times` responses that reach the point fall silent (by default one); what else they
    /// would have sent is sent by later ones.
    case silence(percent: Double, times: Int? = nil)
    /// Once the responses with this fault have sent this many body bytes in all, the server resets them, refuses new
    /// connections and resets those that are open at their next request.
    case die(after: Int64)
    /// An endless body without `Content-Length`.
    case endlessBody
    /// Sends this many bytes more than announced and keeps the connection open.
    case overrun(by: Int64)

    // MARK: Pace

    /// Waits before sending the head.
    case delay(milliseconds: Int)
    /// Limits the rate of the body, for each connection or, if `shared`, for all responses with this rate together.
    case rate(bytesPerSecond: Int64, shared: Bool? = nil)
    /// Limits the rate of the body on all connections but the `beyond` oldest of those that have a transfer in progress.
    case crawl(beyond: Int, bytesPerSecond: Int64)
    /// While more than `beyond` transfers are in progress, limits their rate, for all of them together.
    case collapse(beyond: Int, bytesPerSecond: Int64)
    /// Sends the head one byte at a time.
    case slowHead(millisecondsPerByte: Int)
    /// Sets TCP_CONGESTION ("cubic", "bbr") on the connection. The record has the algorithm that the kernel then
    /// reports.
    case congestion(algorithm: String)

    // MARK: Another response

    /// A status with a small body instead of the file.
    case status(code: Int, retryAfter: RetryAfter? = nil, body: String? = nil)
    /// A status, by default 429, while this many transfers are in progress; or, if `reset`, RST without a response.
    case limit(transfers: Int, status: Int? = nil, retryAfter: RetryAfter? = nil, reset: Bool? = nil)
    /// 401 unless the request's `Authorization` is exactly this.
    case authorization(required: String)
    /// A redirect, by default with status 302. `{target}` in the location is replaced by the request's target without
    /// its leading slash.
    case redirect(status: Int? = nil, to: String)
    /// A redirect with arbitrary bytes as its location.
    case redirectRaw(status: Int? = nil, location: [UInt8])
    /// A redirect to the same path with a different query each time.
    case redirectLoop(status: Int? = nil)
    /// 200 and a web page, as from a captive portal; with or without its length, or padded to the length of the file.
    case captivePortal(html: String? = nil, withLength: Bool? = nil, padded: Bool? = nil)

    // MARK: Ranges

    /// 200 and the whole file, whatever range was requested.
    case ignoreRange
    /// The same, but only if the request has an `If-Range`.
    case ignoreRangeIfConditional
    /// 206 with this range (end inclusive) in head and body, whatever range was requested.
    case otherRange(start: Int64, end: Int64)
    /// 206 with only the first bytes of the requested range, in head and body.
    case shortRange(bytes: Int64)
    /// A wrong `Content-Range` for the body; values that are left out stay correct.
    case contentRange(start: Int64? = nil, end: Int64? = nil, total: Int64? = nil)
    /// An arbitrary text as `Content-Range`.
    case contentRangeRaw(value: String)
    /// A 206 without `Content-Range`.
    case noContentRange
    /// A 206 with the range as `multipart/byteranges`.
    case multipartRange

    // MARK: Length and framing

    /// An arbitrary text as `Content-Length`; the connection closes after the real body.
    case contentLength(value: String)
    /// Several `Content-Length` fields; `{length}` is replaced by the true one.
    case contentLengths(values: [String])
    /// `Transfer-Encoding: chunked` and no length.
    case chunked
    /// The same, with every byte of the body as a chunk of its own.
    case tinyChunks
    /// No length: the end of the connection ends the body.
    case closeDelimited
    /// Responds as an HTTP/1.0 server and closes the connection.
    case http10
    /// Closes the connection after the response, with or (if not announced) without `Connection: close`.
    case closeConnection(announced: Bool? = nil)

    // MARK: Identity

    /// Another `ETag`, as raw text; `If-Range` is compared with it.
    case etag(value: String)
    /// The file's `ETag`, made weak.
    case weakETag
    case noETag
    /// The file's `ETag` for even requests for the path, another one for odd requests.
    case flappingETag
    case lastModified(value: String)
    case noLastModified

    // MARK: Bytes

    /// Serves the file of another path, with that file's validators or (if kept) those of the requested file.
    case content(of: String, keepValidators: Bool? = nil)
    /// XORs the byte at this offset of the file.
    case flip(offset: Int64, mask: UInt8)
    /// The right head, but the body starts this many bytes further on in the file and wraps around at its end.
    case shiftBody(by: Int64)
    /// Compresses the body with gzip. Bodies above 16 MiB only get the label.
    case gzip
    /// A `Content-Encoding` field for a body that is not changed.
    case contentEncoding(value: String)

    // MARK: The head

    /// Adds a header field.
    case header(name: String, value: String)
    /// Removes a header field.
    case removeHeader(name: String)
    /// Adds a header field with a value of this many bytes.
    case hugeHeader(bytes: Int)
    /// Header fields without end.
    case endlessHeaders
    /// Interim responses (1xx) before the final head; by default a single 103.
    case interim(status: Int? = nil, count: Int? = nil)
    /// Only these bytes, then FIN.
    case raw(bytes: [UInt8])
    /// Bytes that are not HTTP, then FIN.
    case garbageHead
    case closeBeforeHead
    case resetBeforeHead
    case stallBeforeHead
    /// Closes the connection after this many bytes of the head.
    case closeInHead(after: Int)
    /// Closes the connection without a response and refuses new ones for this time.
    case refuseConnections(milliseconds: Int)
}

extension Fault {
    package static func status(_ code: Int, retryAfter: RetryAfter? = nil, body: String? = nil) -> Fault {
        .status(code: code, retryAfter: retryAfter, body: body)
    }

    package static func header(_ name: String, _ value: String) -> Fault { .header(name: name, value: value) }

    package static func rate(_ bytesPerSecond: Int64, shared: Bool = false) -> Fault {
        .rate(bytesPerSecond: bytesPerSecond, shared: shared)
    }
}
