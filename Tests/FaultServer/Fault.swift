/// One lie or misfortune that a reply can suffer. Faults compose: a rule holds any number of them.
///
/// The JSON spelling is the one the compiler derives: an object with the case's name as its only key and the labels as
/// the keys inside, `{"drop": {"after": 100}}`; optional values may be left out. `README.md` has the table.
package enum Fault: Sendable, Hashable, Codable {
    // MARK: How the body ends. "After" counts the body bytes of this reply; a shorter body does not suffer the fault.

    /// Closes in good order (FIN) after so many body bytes.
    case drop(after: Int64)
    /// Closes in good order with the last bytes missing.
    case truncate(missing: Int64)
    /// Resets the connection (RST) after so many body bytes, once the client's kernel has them.
    case reset(after: Int64)
    /// Sends nothing more, but keeps the connection open until the client goes or the server stops.
    case stall(after: Int64)
    /// Sends nothing more until the gates are opened (``FaultServer/openGates()``), and then the rest.
    case gate(after: Int64)
    /// Body bytes for ever, and no `Content-Length`.
    case endlessBody
    /// So many bytes more than announced, on a connection that stays open.
    case overrun(by: Int64)

    // MARK: Pace

    /// Waits before the head.
    case delay(milliseconds: Int)
    /// Paces the body: each connection for itself or, if shared, all replies under this rate together.
    case rate(bytesPerSecond: Int64, shared: Bool? = nil)
    /// Sends the head a byte at a time.
    case slowHead(millisecondsPerByte: Int)
    /// Sets TCP_CONGESTION ("cubic", "bbr") on the connection; what the kernel made of it stands in the record.
    case congestion(algorithm: String)

    // MARK: Another reply altogether

    /// A status with a small body instead of the file.
    case status(code: Int, retryAfter: RetryAfter? = nil, body: String? = nil)
    /// 401 unless the request's `Authorization` is exactly this.
    case authorization(required: String)
    /// A redirect (302 unless told). `{target}` in the location becomes the request's target without its first slash.
    case redirect(status: Int? = nil, to: String)
    /// A redirect with any bytes whatever in its location.
    case redirectRaw(status: Int? = nil, location: [UInt8])
    /// A redirect to itself, under a new query each time.
    case redirectLoop(status: Int? = nil)
    /// 200 and a web page, as a captive portal does it: with its length (or without), or padded to the file's length.
    case captivePortal(html: String? = nil, withLength: Bool? = nil, padded: Bool? = nil)

    // MARK: Ranges

    /// 200 and the whole file, whatever range was asked for.
    case ignoreRange
    /// The same, but only if the request carries an `If-Range`.
    case ignoreRangeIfConditional
    /// 206 with this range (end inclusive) in head and body, whatever range was asked for.
    case otherRange(start: Int64, end: Int64)
    /// A `Content-Range` that lies about what the body is; what is left out stays true.
    case contentRange(start: Int64? = nil, end: Int64? = nil, total: Int64? = nil)
    /// A `Content-Range` of any text.
    case contentRangeRaw(value: String)
    /// A 206 without `Content-Range`.
    case noContentRange
    /// A 206 that wraps the range in `multipart/byteranges`.
    case multipartRange

    // MARK: Length and framing

    /// A `Content-Length` of any text; the connection closes after the real body.
    case contentLength(value: String)
    /// Several `Content-Length` fields; `{length}` becomes the true one.
    case contentLengths(values: [String])
    /// `Transfer-Encoding: chunked` and no length.
    case chunked
    /// The same, and every byte of the body is a chunk of its own.
    case tinyChunks
    /// No length: the body ends where the connection does.
    case closeDelimited
    /// Answers as an HTTP/1.0 server, and closes.
    case http10
    /// Closes after the reply, with or (if not announced) without `Connection: close`.
    case closeConnection(announced: Bool? = nil)

    // MARK: Identity

    /// Another `ETag`, as raw text; If-Range is judged by it.
    case etag(value: String)
    /// The file's `ETag`, made weak.
    case weakETag
    case noETag
    /// The file's `ETag` on even requests for the path, another on odd ones.
    case flappingETag
    case lastModified(value: String)
    case noLastModified

    // MARK: Bytes

    /// Serves the file of another path, with that file's validators or (if kept) those of the file asked for.
    case content(of: String, keepValidators: Bool? = nil)
    /// XORs the byte at this offset of the file.
    case flip(offset: Int64, mask: UInt8)
    /// The right head, but bytes from elsewhere in the file (each offset moved by so many bytes, around the end).
    case shiftBody(by: Int64)
    /// Really gzips the body (bodies to 16 MiB; beyond, only the label lies).
    case gzip
    /// A `Content-Encoding` label on untouched bytes.
    case contentEncoding(value: String)

    // MARK: The head

    /// A further header field.
    case header(name: String, value: String)
    /// A header field less.
    case removeHeader(name: String)
    /// One header field with a value of so many bytes.
    case hugeHeader(bytes: Int)
    /// Header fields for ever.
    case endlessHeaders
    /// Interim replies (1xx) before the final head; 103, once, unless told.
    case interim(status: Int? = nil, count: Int? = nil)
    /// These bytes and no others, then FIN.
    case raw(bytes: [UInt8])
    /// Bytes that are no HTTP, then FIN.
    case garbageHead
    case closeBeforeHead
    case resetBeforeHead
    case stallBeforeHead
    /// Closes after so many bytes of the head.
    case closeInHead(after: Int)
    /// Closes without a reply and refuses connections for a while.
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
