/// The rules for responses to requests for a file or a range of it. A value is a response that may be used, and says
/// which bytes of the file its body holds.
///
/// libcurl checks none of this for `CURLOPT_RANGE`(3), and several downloaders have published mixed-up files because
/// they took a 200, a 416 or a different range for what they had requested.
package struct RangeReply: Hashable, Sendable {
    /// The offset in the file of the first byte of the body.
    package var bodyStart: Int64
    /// The offset at which the body should end; `nil` if the response does not say (chunked, or ended by closing the
    /// connection).
    package var bodyEnd: Int64?
    /// The offset that the body must not exceed; `nil` if the size of the file is unknown.
    package var limit: Int64?
    /// The part of the file that is delivered. It may end before the requested range does; the rest has to be requested
    /// again. The end is `nil` if a whole file of unknown size was requested and the response has no length.
    package var start: Int64
    package var end: Int64?
    /// Whether the server sent the requested part only (206).
    package var isPart: Bool
    /// The size of the file according to the server.
    package var total: Int64?
    package var validator: Validator?

    /// The number of bytes at the start of the body that were not requested (a 200 to a range request).
    package var skip: Int64 { start - bodyStart }
    /// The length of the whole body, including skipped bytes.
    package var bodyLength: Int64? { bodyEnd.map { $0 - bodyStart } }

    /// - Parameters:
    ///   - asked: the wanted range, never empty; `nil` for the whole file.
    ///   - isWholeAsked: whether the whole file was requested although only `asked` is wanted.
    ///   - total: the size of the file, if known.
    ///   - fileName: the name of the file; it tells whether the file itself is a web page.
    package init(
        judging head: ResponseHead, asked: Range<Int64>?, isWholeAsked: Bool = false, total: Int64?,
        fileName: String = ""
    ) throws(TransferError) {
        switch head.status {
        case 200:
            self = try Self.whole(head, asked: asked, total: total, fileName: fileName)
        case 206:
            guard let asked, !isWholeAsked else {
                throw TransferError(
                    .wrongRange, "the server sent a part although the whole file was requested", status: 206)
            }
            self = try Self.part(head, asked: asked, total: total, fileName: fileName)
        default:
            throw Self.failure(head, asked: isWholeAsked ? nil : asked, total: total)
        }
    }

    private init(
        body: (start: Int64, end: Int64?), limit: Int64?, wanted: (start: Int64, end: Int64?), total: Int64?,
        head: ResponseHead
    ) {
        (bodyStart, bodyEnd) = body
        self.limit = limit
        (start, end) = wanted
        self.total = total
        isPart = head.status == 206
        validator = Validator(head)
    }
}

// MARK: - 200 and 206

extension RangeReply {
    private static func whole(
        _ head: ResponseHead, asked: Range<Int64>?, total: Int64?, fileName: String
    ) throws(TransferError) -> RangeReply {
        let length = try contentLength(head)
        let known = total ?? length
        if let total, let length, length != total {
            try refusePage(head, fileName: fileName)
            try refuseEncoding(head)
            throw TransferError(
                .wrongLength, "expected \(total) bytes, the server announced \(length)", status: 200)
        }
        // If the length is right, it is the file, whatever its media type.
        if total == nil || length == nil { try refusePage(head, fileName: fileName) }
        try refuseEncoding(head)
        guard let asked else {
            return RangeReply(body: (0, length), limit: known, wanted: (0, known), total: length, head: head)
        }
        if let known, asked.lowerBound >= known {
            throw TransferError(
                .wrongLength, "requested from byte \(asked.lowerBound) on, the server's file has only \(known)",
                status: 200)
        }
        let end = min(asked.upperBound, known ?? asked.upperBound)
        return RangeReply(
            body: (0, length), limit: known, wanted: (asked.lowerBound, end), total: length, head: head)
    }

    private static func part(
        _ head: ResponseHead, asked: Range<Int64>, total: Int64?, fileName: String
    ) throws(TransferError) -> RangeReply {
        if mediaType(head) == "multipart/byteranges" {
            throw TransferError(.wrongRange, "the server sent several parts, one was requested", status: 206)
        }
        let length = try contentLength(head)
        if length == nil { try refusePage(head, fileName: fileName) }
        try refuseEncoding(head)
        let ranges = head.all("content-range")
        guard ranges.count == 1, let told = ContentRange(ranges[0]), case .bytes(let range) = told.range else {
            throw TransferError(
                .wrongRange, "expected a Content-Range of bytes \(words(asked)), the server sent \(quoted(ranges))",
                status: 206)
        }
        guard range.lowerBound == asked.lowerBound, range.upperBound <= asked.upperBound else {
            throw TransferError(
                .wrongRange, "requested bytes \(words(asked)), the server sent \(words(range))", status: 206)
        }
        if let total, let other = told.total, other != total {
            throw TransferError(
                .wrongLength, "expected a file of \(total) bytes, the server's has \(other)", status: 206)
        }
        guard let known = total ?? told.total else {
            throw TransferError(.wrongRange, "the server does not say how large its file is", status: 206)
        }
        guard range.upperBound <= known else {
            throw TransferError(
                .wrongRange, "bytes \(words(range)) exceed a file of \(known) bytes", status: 206)
        }
        if let length, length != Int64(range.count) {
            throw TransferError(
                .wrongLength, "Content-Range covers \(range.count) bytes, Content-Length says \(length)", status: 206)
        }
        return RangeReply(
            body: (range.lowerBound, range.upperBound), limit: range.upperBound,
            wanted: (range.lowerBound, range.upperBound), total: told.total, head: head)
    }
}

// MARK: - Everything else

extension RangeReply {
    private static func failure(_ head: ResponseHead, asked: Range<Int64>?, total: Int64?) -> TransferError {
        let date = head.first("date").flatMap { HTTPDate($0) }
        let wait = head.first("retry-after").flatMap { RetryAfter.duration($0, now: date) }
        let status = head.status
        switch status {
        case 401, 403: return TransferError(.denied, status: status)
        case 404, 410: return TransferError(.notFound, status: status)
        case 407: return TransferError(.proxyRefused, status: status)
        case 408, 425, 429, 500...599: return TransferError(.serverBusy, status: status, retryAfter: wait)
        case 416:
            guard let asked else { return TransferError(.clientError, status: status) }
            let told = head.first("content-range").flatMap { ContentRange($0) }?.total
            if let told, let total, told != total {
                return TransferError(
                    .wrongLength, "expected a file of \(total) bytes, the server's has \(told)", status: status)
            }
            // The file does contain the range, so this is a temporary error of the server or a cache. It never means
            // that the file is complete.
            let size = told.map { ", the server's file has \($0) bytes" } ?? ""
            return TransferError(.rangeNotSatisfiable, "requested bytes \(words(asked))\(size)", status: status)
        case 400...499: return TransferError(.clientError, status: status, retryAfter: wait)
        default: return TransferError(.unexpectedStatus, status: status)
        }
    }

    /// The length that all `Content-Length` fields agree on (RFC 9110 §8.6).
    private static func contentLength(_ head: ResponseHead) throws(TransferError) -> Int64? {
        var length: Int64?
        // A list may result from combining several fields into one.
        let values = head.all("content-length").flatMap {
            Array($0.utf8).split(separator: 0x2C, omittingEmptySubsequences: false)
        }
        for text in values {
            guard let value = decimal(trimmed(String(decoding: text, as: UTF8.self))) else {
                throw TransferError(.malformed, "Content-Length is not a number", status: head.status)
            }
            guard length == nil || length == value else {
                throw TransferError(
                    .malformed, "Content-Length is both \(length ?? 0) and \(value)", status: head.status)
            }
            length = value
        }
        return length
    }

    private static func refuseEncoding(_ head: ResponseHead) throws(TransferError) {
        for encoding in head.all("content-encoding") where !["", "identity"].contains(asciiLowercased(encoding)) {
            throw TransferError(
                .contentEncoding, "Content-Encoding is \(escaped(encoding, limit: 40))",
                status: head.status)
        }
        for coding in head.all("transfer-encoding") where !["chunked", "identity"].contains(asciiLowercased(coding)) {
            throw TransferError(
                .contentEncoding, "Transfer-Encoding is \(escaped(coding, limit: 40))", status: head.status)
        }
    }

    private static func refusePage(_ head: ResponseHead, fileName: String) throws(TransferError) {
        let type = mediaType(head)
        guard ["text/html", "application/xhtml+xml", "text/xml", "application/xml"].contains(type) else { return }
        let name = asciiLowercased(fileName)
        guard ![".html", ".htm", ".xml", ".xhtml"].contains(where: { name.utf8.ends(with: $0.utf8) }) else { return }
        throw TransferError(.page, "the response is \(type)", status: head.status)
    }

    private static func mediaType(_ head: ResponseHead) -> String {
        let text = head.first("content-type") ?? ""
        return asciiLowercased(trimmed(String(decoding: Array(text.utf8.prefix { $0 != 0x3B }), as: UTF8.self)))
    }

    private static func quoted(_ values: [String]) -> String {
        values.isEmpty ? "none" : "“" + escaped(values.joined(separator: "”, “"), limit: 80) + "”"
    }

    private static func words(_ range: Range<Int64>) -> String { "\(range.lowerBound)–\(range.upperBound - 1)" }
}

extension BidirectionalCollection where Element == UInt8 {
    fileprivate func ends(with suffix: some BidirectionalCollection<UInt8>) -> Bool {
        reversed().starts(with: suffix.reversed())
    }
}
