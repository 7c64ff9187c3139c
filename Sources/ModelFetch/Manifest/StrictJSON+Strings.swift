/// Strings: RFC 8259 §7, and nothing in them that is not a Unicode scalar.
extension StrictJSON {
    mutating func string() throws(JSONFault) -> String {
        position += 1
        var text: [UInt8] = []
        var runStart = position
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                text.append(contentsOf: bytes[runStart..<position])
                position += 1
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw fault("is not valid UTF-8: \(printable(text, limit: 40))")
                }
                return string
            case UInt8(ascii: "\\"):
                text.append(contentsOf: bytes[runStart..<position])
                position += 1
                try escape(to: &text)
                runStart = position
            case 0..<0x20:
                throw fault("has the control character \(Unicode.Scalar(byte).escaped) inside a string")
            default:
                position += 1
            }
        }
        throw fault("ends in the middle of a string")
    }

    private mutating func escape(to text: inout [UInt8]) throws(JSONFault) {
        guard let byte = peek else { throw fault("ends in the middle of a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): try unicodeEscape(to: &text)
        default: throw fault("has an unknown escape in a string: “\\” before \(printable([byte]))")
        }
    }

    private mutating func unicodeEscape(to text: inout [UInt8]) throws(JSONFault) {
        let first = try codeUnit()
        var value = UInt32(first)
        if UTF16.isLeadSurrogate(first), peek == UInt8(ascii: "\\") {
            position += 1
            guard peek == UInt8(ascii: "u") else { throw loneSurrogate(first) }
            position += 1
            let second = try codeUnit()
            guard UTF16.isTrailSurrogate(second) else { throw loneSurrogate(first) }
            value = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw loneSurrogate(first) }
        text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    private mutating func codeUnit() throws(JSONFault) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw fault("has “\\u” without four hexadecimal digits in a string")
            }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }

    private func loneSurrogate(_ unit: UInt16) -> JSONFault {
        fault("has half a surrogate pair in a string: \\u\(String(unit, radix: 16))")
    }
}
