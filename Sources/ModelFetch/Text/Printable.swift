/// Text from outside (a manifest, a server, a file name), made safe to show on a terminal and in a log.
///
/// Control characters, invisible formatting (bidirectional controls, which can make a name read as another, included),
/// line and paragraph separators and the backslash itself become `\u{…}`, so that what is shown is unambiguous and cannot
/// move the cursor, forge a line or turn the text around. Other text is not changed.
///
/// - Parameters:
///   - text: What to show.
///   - limit: How many characters of it to show at most; a longer text ends in `…`. Counted in Unicode scalars, because a
///     single `Character` may hold thousands of combining marks.
package func printable(_ text: some StringProtocol, limit: Int = 256) -> String {
    var shown = String.UnicodeScalarView()
    var count = 0
    for scalar in text.unicodeScalars {
        guard count < limit else {
            shown.append("…")
            break
        }
        count += 1
        if scalar.mustBeEscaped {
            shown.append(contentsOf: scalar.escaped.unicodeScalars)
        } else {
            shown.append(scalar)
        }
    }
    return String(shown)
}

/// As ``printable(_:limit:)-(StringProtocol,_)``, for bytes that need not be UTF-8: what is not becomes U+FFFD.
package func printable(_ bytes: some Collection<UInt8>, limit: Int = 256) -> String {
    // A scalar takes at most four bytes: more than that many would not be shown anyway.
    printable(String(decoding: bytes.prefix(limit * 4 + 4), as: UTF8.self), limit: limit)
}

/// A finished line with every unsafe character escaped: the last defence.
///
/// Text from outside goes through ``printable(_:limit:)-(StringProtocol,_)`` where it enters a message, because only there can its
/// own backslashes be told from ours.
package func harmless(_ line: String) -> String {
    guard line.unicodeScalars.contains(where: \.isUnsafe) else { return line }
    var shown = String.UnicodeScalarView()
    for scalar in line.unicodeScalars {
        if scalar.isUnsafe { shown.append(contentsOf: scalar.escaped.unicodeScalars) } else { shown.append(scalar) }
    }
    return String(shown)
}

extension Unicode.Scalar {
    /// Whether this character has no business in a name, a path or a note: C0 and C1 controls, DEL, bidirectional
    /// controls, line and paragraph separators.
    var isUnsafe: Bool {
        switch value {
        case 0x00...0x1F, 0x7F...0x9F: true
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
        case 0x2028, 0x2029: true
        default: false
        }
    }

    /// Wider than ``isUnsafe``: whatever cannot be seen, too. To escape costs nothing, to refuse would cost emoji.
    fileprivate var mustBeEscaped: Bool {
        if value < 0x80 { return isUnsafe || self == "\\" }
        return isUnsafe || properties.generalCategory == .format
    }

    /// `\u001b` for U+001B. Every unsafe character is in the Basic Multilingual Plane: one escape is enough.
    var escapedInJSON: String {
        let digits = String(value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }

    /// `\u{1B}` for U+001B.
    var escaped: String { "\\u{\(String(value, radix: 16, uppercase: true))}" }
}
