/// Decodes the strings of JSON (RFC 8259 §7) that may come from anywhere: those of receipts, and of manifests in ModelFetch.
///
/// A string must be valid UTF-8, and every escape must stand for a Unicode scalar: lone surrogates are refused.
package enum JSONString {
    /// Why bytes are not a string.
    package enum Fault: Error, Hashable, Sendable {
        case unterminated
        /// A control character, which must be written as an escape.
        case control(UInt8)
        /// A backslash before this byte.
        case unknownEscape(UInt8)
        /// `\u` without four hexadecimal digits.
        case incompleteEscape
        /// One half of a surrogate pair.
        case loneSurrogate(UInt16)
        /// The decoded bytes.
        case notUTF8([UInt8])
    }

    /// Decodes one string.
    ///
    /// - Parameter position: the index after the opening quotation mark; then the index after the closing one, or where the fault
    ///   was found.
    package static func read(_ bytes: [UInt8], at position: inout Int) throws(Fault) -> String {
        var text: [UInt8] = []
        var runStart = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                text += bytes[runStart..<position]
                position += 1
                guard let string = String(validating: text, as: UTF8.self) else { throw .notUTF8(text) }
                return string
            case UInt8(ascii: "\\"):
                text += bytes[runStart..<position]
                position += 1
                try readEscape(bytes, at: &position, to: &text)
                runStart = position
            case 0..<0x20: throw .control(bytes[position])
            default: position += 1
            }
        }
        throw .unterminated
    }

    private static func readEscape(
        _ bytes: [UInt8], at position: inout Int, to text: inout [UInt8]
    ) throws(Fault) {
        guard position < bytes.count else { throw .unterminated }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): try readScalar(bytes, at: &position, to: &text)
        default: throw .unknownEscape(byte)
        }
    }

    private static func readScalar(
        _ bytes: [UInt8], at position: inout Int, to text: inout [UInt8]
    ) throws(Fault) {
        let first = try readCodeUnit(bytes, at: &position)
        var value = UInt32(first)
        if UTF16.isLeadSurrogate(first), position < bytes.count, bytes[position] == UInt8(ascii: "\\") {
            position += 1
            guard position < bytes.count, bytes[position] == UInt8(ascii: "u") else { throw .loneSurrogate(first) }
            position += 1
            let second = try readCodeUnit(bytes, at: &position)
            guard UTF16.isTrailSurrogate(second) else { throw .loneSurrogate(first) }
            value = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(value), let encoded = UTF8.encode(scalar) else { throw .loneSurrogate(first) }
        text += encoded
    }

    private static func readCodeUnit(_ bytes: [UInt8], at position: inout Int) throws(Fault) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard position < bytes.count, bytes[position] < 0x80,
                let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue
            else { throw .incompleteEscape }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }
}
