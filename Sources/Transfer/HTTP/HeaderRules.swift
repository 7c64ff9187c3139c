/// The grammar of header fields, and which of them a user may add to requests.
package enum HeaderRules {
    /// Fields that determine the range, the framing, the connection, or whether the file is sent at all; in lower case.
    private static let reserved: Set<String> = [
        "accept-encoding", "connection", "content-encoding", "content-length", "expect", "host", "http2-settings",
        "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "keep-alive",
        "proxy-authorization", "proxy-connection", "range", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    /// Whether the user must not set this field.
    package static func isReserved(_ name: String) -> Bool { reserved.contains(asciiLowercased(name)) }

    /// Whether the bytes are a token (RFC 9110 §5.6.2), as the name of a field must be (§5.1).
    package static func isName(_ name: some Collection<UInt8>) -> Bool { !name.isEmpty && name.allSatisfy(isTokenByte) }

    package static func isName(_ name: String) -> Bool { isName(name.utf8) }

    /// Whether the text is safe as the value of a field, and cannot end it and begin another (RFC 9110 §5.5).
    package static func isValue(_ value: String) -> Bool { !hasControlOrDamage(value) }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
