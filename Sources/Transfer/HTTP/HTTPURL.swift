internal import CCurl

/// An `http` or `https` URL, parsed by libcurl.
///
/// Using libcurl's URL API means that no second parser can disagree about which host a request goes to. The URL is
/// normalized, contains only ASCII (other bytes are percent-encoded, and refused in host names), and holds neither
/// password nor fragment.
package struct HTTPURL: Hashable, Sendable {
    /// Scheme, host and port (RFC 6454): what credentials are bound to.
    package struct Origin: Hashable, Sendable, CustomStringConvertible {
        package let scheme: String
        package let host: String
        package let port: Int

        /// `https://example.com` or `http://example.com:8080`.
        package var description: String {
            let isDefault = port == (scheme == "https" ? 443 : 80)
            return scheme + "://" + host + (isDefault ? "" : ":\(port)")
        }
    }

    /// The user and password of a URL, percent-decoded.
    package typealias Userinfo = (user: String, password: String)

    /// In lower case.
    package let origin: Origin
    /// Percent-encoded; begins with a slash.
    package private(set) var path: String
    /// Percent-encoded, without the question mark. It may hold secrets.
    private(set) var query: String?

    package var scheme: String { origin.scheme }
    package var host: String { origin.host }
    package var port: Int { origin.port }

    /// Parses an absolute URL and drops user and password.
    package init(parsing text: String) throws(TransferError) {
        self = try Self.parse(text).url
    }

    /// Parses an absolute URL and returns user and password, if there are any, separately.
    package static func parse(_ text: String) throws(TransferError) -> (url: HTTPURL, userinfo: Userinfo?) {
        try check(text)
        guard text.contains("://") else { throw TransferError(.invalidURL, "http:// or https:// is missing") }
        let parser = try URLParser()
        try parser.set(text)
        let userinfo: Userinfo?
        if let user = try parser.part(CURLUPART_USER, CURLU_URLDECODE) {
            userinfo = (user, try parser.part(CURLUPART_PASSWORD, CURLU_URLDECODE) ?? "")
        } else {
            userinfo = nil
        }
        return (try HTTPURL(parser), userinfo)
    }

    /// Resolves a `Location` field against this URL (RFC 9110 §10.2.2, RFC 3986 §5) and drops user and password.
    package func resolving(location: String) throws(TransferError) -> HTTPURL {
        try Self.check(location)
        let parser = try URLParser()
        try parser.set(absoluteString)
        // curl_url_set(3): a URL that is set on a populated handle is resolved against the present one.
        try parser.set(location)
        return try HTTPURL(parser)
    }

    /// The URL of a file below this URL, which is taken as a directory. The query stays.
    ///
    /// - Parameter path: a relative path that is not encoded. All bytes other than `/` and the unreserved characters of
    ///   RFC 3986 §2.3 are percent-encoded.
    package func appending(path relative: String) throws(TransferError) -> HTTPURL {
        var result = self
        if result.path.utf8.last != 0x2F { result.path += "/" }
        let parts = relative.utf8.split(separator: 0x2F, omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            // A server or a cache would resolve these, and serve a different file.
            guard !part.isEmpty, !part.elementsEqual(".".utf8), !part.elementsEqual("..".utf8) else {
                throw TransferError(.invalidURL, "“\(relative)” is not a path below the source")
            }
            result.path += (index > 0 ? "/" : "") + Self.percentEncoded(part) { _ in false }
        }
        return result
    }

    /// The fields of the query with their names in lower case and their values as they are.
    var queryFields: [(name: String, value: Substring)] {
        (query ?? "").split(separator: "&").map { field in
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (parts[0].lowercased(), parts.count == 2 ? parts[1] : "")
        }
    }

    /// The whole URL, for requests. The query may be secret: print ``redacted`` instead.
    package var absoluteString: String {
        origin.description + path + (query.map { "?" + $0 } ?? "")
    }

    /// The URL without its query, for messages and logs.
    package var redacted: String {
        escaped(origin.description + path, limit: 300) + (query == nil ? "" : "?…")
    }
}

// The default descriptions would print the query.
extension HTTPURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { redacted }
    package var debugDescription: String { redacted }
    package var customMirror: Mirror { Mirror(self, children: ["redacted": redacted]) }
}

// MARK: - Parsing

extension HTTPURL {
    /// - Parameter parser: a parser with a URL.
    private init(_ parser: borrowing URLParser) throws(TransferError) {
        let url = try HTTPURL(once: parser)
        // The request uses this URL in its written form, so that must parse to the same URL. It may not: libcurl 7
        // decodes `%34` to the host `4`, and parses `4` as the host `0.0.0.4`.
        let again = try URLParser()
        try again.set(url.absoluteString)
        guard try HTTPURL(once: again) == url else {
            throw TransferError(.invalidURL, "the URL is ambiguous")
        }
        self = url
    }

    private init(once parser: borrowing URLParser) throws(TransferError) {
        let scheme = asciiLowercased(try parser.part(CURLUPART_SCHEME) ?? "")
        guard scheme == "http" || scheme == "https" else {
            throw TransferError(.invalidURL, "only http and https are supported, not “\(scheme)”")
        }
        var host = try parser.part(CURLUPART_HOST) ?? ""
        if let zone = try parser.part(CURLUPART_ZONEID), host.utf8.last == 0x5D {
            host = String(host.dropLast()) + "%25" + zone + "]"
        }
        guard !host.isEmpty else { throw TransferError(.invalidURL, "the URL has no host") }
        guard host.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            // libcurl would convert it according to the locale, so the same text could name different hosts.
            throw TransferError(.invalidURL, "the host name must be in ASCII (its xn-- form)")
        }
        guard let port = decimal(try parser.part(CURLUPART_PORT, CURLU_DEFAULT_PORT) ?? ""), (1...65535).contains(port)
        else { throw TransferError(.invalidURL, "the port is not between 1 and 65535") }
        origin = Origin(scheme: scheme, host: asciiLowercased(host), port: Int(port))
        // Other bytes would be sent unencoded. Existing percent-encoding is left as it is.
        let keepASCII: (UInt8) -> Bool = { (0x21...0x7E).contains($0) }
        path = Self.percentEncoded((try parser.part(CURLUPART_PATH) ?? "/").utf8, keeping: keepASCII)
        query = try parser.part(CURLUPART_QUERY).map { Self.percentEncoded($0.utf8, keeping: keepASCII) }
    }

    /// Refuses what libcurl would accept, or truncate (a NUL ends a C string).
    private static func check(_ text: String) throws(TransferError) {
        guard !text.isEmpty else { throw TransferError(.invalidURL, "the URL is empty") }
        guard text.utf8.count <= 16_384 else { throw TransferError(.invalidURL, "the URL is longer than 16 KiB") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw TransferError(.invalidURL, "the URL has a space or a control character in it")
        }
        guard !hasControlOrDamage(text) else {
            throw TransferError(.invalidURL, "the URL has a control character in it, or is not UTF-8")
        }
    }

    private static func percentEncoded(
        _ bytes: some Sequence<UInt8>, keeping keep: (UInt8) -> Bool
    ) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in bytes {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: result.append(byte)
            case _ where keep(byte): result.append(byte)
            default: result += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// Owns a `CURLU` handle (libcurl-url(3)).
private struct URLParser: ~Copyable {
    private let handle: OpaquePointer

    init() throws(TransferError) {
        guard let handle = curl_url() else { throw TransferError(.localFailure, "out of memory") }
        self.handle = handle
    }

    deinit { curl_url_cleanup(handle) }

    func set(_ text: String) throws(TransferError) {
        let code = curl_url_set(handle, CURLUPART_URL, text, 0)
        // The text is not quoted: it may contain a password.
        guard code == CURLUE_OK else {
            throw TransferError(.invalidURL, String(cString: curl_url_strerror(code)))
        }
    }

    /// A part that may be absent.
    func part(_ part: CURLUPart, _ flags: Int32 = 0) throws(TransferError) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        let code = curl_url_get(handle, part, &text, UInt32(flags))
        defer { curl_free(text) }
        switch code {
        case CURLUE_OK:
            guard let text else { return nil }
            guard let string = String(validatingCString: text) else {
                throw TransferError(.invalidURL, "a part of the URL is not UTF-8")
            }
            return string
        case CURLUE_NO_USER, CURLUE_NO_PASSWORD, CURLUE_NO_QUERY, CURLUE_NO_ZONEID: return nil
        default: throw TransferError(.invalidURL, String(cString: curl_url_strerror(code)))
        }
    }
}
