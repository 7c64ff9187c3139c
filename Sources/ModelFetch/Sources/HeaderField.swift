internal import Transfer

/// A header field as a user writes it, in one piece.
///
/// It is parsed before anything else sees it, so that its value cannot carry a second field.
package struct HeaderField: Hashable, Sendable {
    package let name: String
    package let value: String

    /// - Parameter text: a name, a colon, optional blanks and a value (RFC 9112 §5).
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        name = String(decoding: bytes[..<colon], as: UTF8.self)
        value = String(
            decoding: bytes[(colon + 1)...].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }, as: UTF8.self)
        guard HeaderRules.isName(name), HeaderRules.isValue(value) else { return nil }
    }
}
