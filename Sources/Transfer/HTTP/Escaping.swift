/// Makes text from the network safe to print: escapes control, format and line-breaking characters, and limits the
/// length.
///
/// Messages quote header fields of servers; an escape sequence in them must not reach the user's terminal.
func escaped(_ text: String, limit: Int = 200) -> String {
    var result = ""
    var budget = limit
    // Scalars, not Characters: "\r\n" is one Character, and a combining mark hides the character before it.
    for scalar in text.unicodeScalars {
        guard budget > 0 else { return result + "…" }
        budget -= 1
        if isPrintable(scalar) {
            result.unicodeScalars.append(scalar)
        } else {
            result += "\\u{" + String(scalar.value, radix: 16) + "}"
        }
    }
    return result
}

private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    // `format` covers the bidirectional controls and the zero-width characters.
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: false
    default: true
    }
}

/// Whether a field value contains control characters other than a tab, which RFC 9110 §5.5 forbids, or replacement
/// characters, which stand for bytes that were not UTF-8.
func hasControlOrDamage(_ text: String) -> Bool {
    text.unicodeScalars.contains {
        ($0.value < 0x20 && $0 != "\t") || (0x7F...0x9F).contains($0.value) || $0 == "\u{FFFD}"
    }
}

/// Parses a decimal number without sign, spaces or overflow; `nil` for anything else.
func decimal(_ text: some StringProtocol) -> Int64? {
    var value: Int64 = 0
    var digits = 0
    for byte in text.utf8 {
        guard (0x30...0x39).contains(byte) else { return nil }
        let (product, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(Int64(byte - 0x30))
        guard !overflow, !carry else { return nil }
        value = sum
        digits += 1
    }
    return digits > 0 ? value : nil
}

/// The text without spaces and tabs at its ends (RFC 9110 §5.6.3).
func trimmed(_ text: some StringProtocol) -> String {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
    let head = Array(text.utf8).drop(while: isSpace)
    guard let last = head.lastIndex(where: { !isSpace($0) }) else { return "" }
    return String(decoding: head[...last], as: UTF8.self)
}

/// Converts ASCII letters to lower case and leaves all other bytes unchanged.
func asciiLowercased(_ text: some StringProtocol) -> String {
    String(decoding: text.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
}
