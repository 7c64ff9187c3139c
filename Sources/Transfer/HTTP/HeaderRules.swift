/// Which header fields a user may add to requests.
package enum HeaderRules {
    /// What decides about the range, the framing, the connection, or whether the file is sent at all: ours alone. Lower case.
    private static let reserved: Set<String> = [
        "accept-encoding", "connection", "content-encoding", "content-length", "expect", "host", "http2-settings",
        "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "keep-alive",
        "proxy-authorization", "proxy-connection", "range", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    /// Whether modelfetch sets the field itself, or must not send it.
    package static func isReserved(_ name: String) -> Bool { reserved.contains(asciiLowercased(name)) }

    /// RFC 9110 §5.6.2: a token.
    package static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy(HeadParser.isTokenByte)
    }

    /// Whether nothing in it would end the field and begin another.
    package static func isValue(_ value: String) -> Bool { !hasControlOrDamage(value) }
}
