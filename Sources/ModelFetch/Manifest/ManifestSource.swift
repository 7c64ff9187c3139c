/// A source of a model's files: a base URL to which their paths are appended.
public struct ManifestSource: Hashable, Sendable {
    /// The base URL, `http` or `https`, ending in `/`.
    ///
    /// It may contain a user name and password, which are sent to its own origin only. Print ``redactedURL`` instead.
    public let url: String
    /// The order in which sources are used: sources of the same rank may be used together, and one of a higher rank only while those of
    /// lower ranks make no progress. Not negative; 0 comes first.
    public let rank: Int
    /// A remark for readers of the manifest.
    public let note: String?

    /// Creates a source without checks; ``Manifest`` checks it. A missing final `/` is added to the URL.
    public init(url: String, rank: Int = 0, note: String? = nil) {
        self.url = url.utf8.last == UInt8(ascii: "/") ? url : url + "/"
        self.rank = rank
        self.note = note
    }

    /// The URL without user name and password.
    public var redactedURL: String {
        guard let userinfo = userinfoRange else { return url }
        return String(decoding: url.utf8[..<userinfo.lowerBound], as: UTF8.self)
            + String(decoding: url.utf8[userinfo.upperBound...], as: UTF8.self)
    }

    /// Everything between `://` and the last `@` of the authority, including the `@`; `nil` if there is none.
    private var userinfoRange: Range<String.Index>? {
        guard let start = Self.authorityStart(in: url) else { return nil }
        let authority = url.utf8[start...].prefix { $0 != UInt8(ascii: "/") }
        guard let at = authority.lastIndex(of: UInt8(ascii: "@")) else { return nil }
        return start..<url.utf8.index(after: at)
    }

    private static func authorityStart(in url: String) -> String.Index? {
        for scheme in ["https://", "http://"] {
            let start = url.utf8.prefix(scheme.utf8.count)
            if start.count == scheme.utf8.count, String(decoding: start, as: UTF8.self).lowercased() == scheme {
                return start.endIndex
            }
        }
        return nil
    }

    // MARK: Rules

    static let maximumURLBytes = 4096

    /// Why the URL cannot be a base URL; `nil` if it can. Never quotes the URL, which may contain a password.
    var faultInURL: String? {
        if url.utf8.count > Self.maximumURLBytes { return "is longer than \(Self.maximumURLBytes) bytes" }
        if let scalar = url.unicodeScalars.first(where: { !Self.mayStandInURL($0) }) {
            return "has the character \(scalar.escaped), which a URL cannot hold; percent-encode it"
        }
        guard let start = Self.authorityStart(in: url) else { return "must begin with https:// or http://" }
        // The paths of files are appended, and would become part of the query or the fragment.
        if url.utf8.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) {
            return "must be a base URL, without “?” or “#”"
        }
        let host = url.utf8[(userinfoRange?.upperBound ?? start)...]
        guard let first = host.first, first != UInt8(ascii: "/"), first != UInt8(ascii: ":") else {
            return "has no host"
        }
        return hasGoodPort(host) ? nil : "has a port that is not a number from 1 to 65535"
    }

    /// - Parameter host: the URL from its host on.
    private func hasGoodPort(_ host: Substring.UTF8View) -> Bool {
        var rest = host.prefix { $0 != UInt8(ascii: "/") }
        // The colons of an IPv6 address are in brackets.
        if let end = rest.lastIndex(of: UInt8(ascii: "]")) { rest = rest[end...].dropFirst() }
        guard let colon = rest.firstIndex(of: UInt8(ascii: ":")) else { return true }
        let digits = rest[colon...].dropFirst()
        // RFC 3986 §3.2.3: an empty port is the usual one.
        if digits.isEmpty { return true }
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
        return (1...65535).contains(Int(String(decoding: digits, as: UTF8.self)) ?? 0)
    }

    /// The characters of RFC 3986 §2, without those that only lenient parsers accept.
    private static func mayStandInURL(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\"", "<", ">", "\\", "^", "`", "{", "|", "}": false
        default: (0x21...0x7E).contains(scalar.value)
        }
    }
}
