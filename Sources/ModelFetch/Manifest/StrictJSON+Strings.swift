internal import Storage

/// Strings: RFC 8259 §7, and nothing in them that is not a Unicode scalar.
extension StrictJSON {
    mutating func string() throws(JSONFault) -> String {
        position += 1
        do throws(JSONString.Fault) {
            return try JSONString.read(bytes, at: &position)
        } catch {
            switch error {
            case .unterminated: throw fault("ends in the middle of a string")
            case .control(let byte):
                throw fault("has the control character \(Unicode.Scalar(byte).escaped) inside a string")
            case .unknownEscape(let byte):
                throw fault("has an unknown escape in a string: “\\” before \(printable([byte]))")
            case .incompleteEscape: throw fault("has “\\u” without four hexadecimal digits in a string")
            case .loneSurrogate(let unit):
                throw fault("has half a surrogate pair in a string: \\u\(String(unit, radix: 16))")
            case .notUTF8(let text): throw fault("is not valid UTF-8: \(printable(text, limit: 40))")
            }
        }
    }
}
