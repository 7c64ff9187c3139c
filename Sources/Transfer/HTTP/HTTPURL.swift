internal import CCurl

/// An `http` or `https` URL as libcurl itself understands it.
///
/// Parsed by libcurl's URL API, so that no second parser can disagree about which host a request goes to. It is ASCII
/// throughout (other bytes are percent-encoded, and refused in host names), normalized, and holds neither password nor fragment.
package struct HTTPURL: Hashable, Sendable {
    /// Who answers: what credentials are bound to (RFC 6454).
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

    /// User and password that stood before the host, percent-decoded.
    package typealias Userinfo = (user: String, password: String)

    /// Lower case.
    package let origin: Origin
    /// Percent-encoded, begins with a slash.
    package private(set) var path: String
    /// Percent-encoded, without the question mark. May hold secrets.
    private var query: String?

    package var scheme: String { origin.scheme }
    package var host: String { origin.host }
    package var port: Int { origin.port }

    /// Reads an absolute URL; user and password are dropped.
    package init(parsing text: String) throws(TransferError) {
        self = try Self.parse(text).url
    }

    /// Reads an absolute URL and splits off user and password, if it has any.
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

    /// Where a `Location` leads (RFC 9110 §10.2.2, RFC 3986 §5). User and password in it are dropped.
    package func resolving(location: String) throws(TransferError) -> HTTPURL {
        try Self.check(location)
        let parser = try URLParser()
        try parser.set(absoluteString)
        // curl_url_set(3): a handle that is populated takes a URL relative to its own.
        try parser.set(location)
        return try HTTPURL(parser)
    }

    /// The URL of a file below this one, which counts as a directory; the query stays.
    ///
    /// - Parameter path: a relative path as it stands in a manifest, not encoded: every byte but `/` and those that RFC 3986
    ///   §2.3 calls unreserved is percent-encoded.
    package func appending(path relative: String) throws(TransferError) -> HTTPURL {
        var result = self
        if result.path.utf8.last != 0x2F { result.path += "/" }
        let parts = relative.utf8.split(separator: 0x2F, omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            // A server or a cache would resolve them, and then the file is another one.
            guard !part.isEmpty, !part.elementsEqual(".".utf8), !part.elementsEqual("..".utf8) else {
                throw TransferError(.invalidURL, "“\(relative)” is not a path below the source")
            }
            result.path += (index > 0 ? "/" : "") + Self.percentEncoded(part) { _ in false }
        }
        return result
    }

    /// The whole URL, for the wire. Its query may be a secret: print ``redacted``.
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
    /// - Parameter parser: holds a URL that was set.
    private init(_ parser: borrowing URLParser) throws(TransferError) {
        let url = try HTTPURL(once: parser)
        // What is requested is this URL written out. libcurl 7 decodes a host before or after it looks for an address in it: `%34` is the
        // host `4`, and `4` is the host `0.0.0.4`. What is another URL when it is read again names nothing for certain.
        let again = try URLParser()
        try again.set(url.absoluteString)
        guard try HTTPURL(once: again) == url else {
            throw TransferError(.invalidURL, "the URL can be read in two ways")
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
            // libcurl would convert it by the locale of the process: the same text would name different hosts.
            throw TransferError(.invalidURL, "write the host name in ASCII (its xn-- form)")
        }
        guard let port = decimal(try parser.part(CURLUPART_PORT, CURLU_DEFAULT_PORT) ?? ""), (1...65535).contains(port)
        else { throw TransferError(.invalidURL, "the port is not between 1 and 65535") }
        origin = Origin(scheme: scheme, host: asciiLowercased(host), port: Int(port))
        // Bytes beyond ASCII would go onto the wire raw; what is percent-encoded already stays as it is.
        let keepASCII: (UInt8) -> Bool = { (0x21...0x7E).contains($0) }
        path = Self.percentEncoded((try parser.part(CURLUPART_PATH) ?? "/").utf8, keeping: keepASCII)
        query = try parser.part(CURLUPART_QUERY).map { Self.percentEncoded($0.utf8, keeping: keepASCII) }
    }

    /// What libcurl would let pass, or cut off (a NUL ends a C string).
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
        // The text is not repeated: it may carry a password.
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
