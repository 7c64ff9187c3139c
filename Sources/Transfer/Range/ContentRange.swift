/// A `Content-Range` field of the unit `bytes` (RFC 9110 §14.4).
struct ContentRange: Hashable {
    enum Part: Hashable {
        case bytes(Range<Int64>)
        /// `*`, as in a 416.
        case unsatisfied
    }

    var range: Part
    /// `nil` for `*`.
    var total: Int64?

    /// `nil` for text that does not match the grammar, numbers that do not fit, and ranges that exceed the total.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let space = bytes.firstIndex(of: 0x20),
            asciiLowercased(String(decoding: bytes[..<space], as: UTF8.self)) == "bytes",
            let slash = bytes.firstIndex(of: 0x2F), slash > space
        else { return nil }
        let part = bytes[(space + 1)..<slash]
        let size = bytes[(slash + 1)...]
        let number = { (digits: ArraySlice<UInt8>) in decimal(String(decoding: digits, as: UTF8.self)) }

        if size.elementsEqual("*".utf8) {
            total = nil
        } else {
            guard let value = number(size) else { return nil }
            total = value
        }
        if part.elementsEqual("*".utf8) {
            guard total != nil else { return nil }
            range = .unsatisfied
            return
        }
        guard let dash = part.firstIndex(of: 0x2D), let first = number(part[..<dash]),
            let last = number(part[(dash + 1)...]), first <= last, last < .max, last < total ?? .max
        else { return nil }
        range = .bytes(first..<(last + 1))
    }
}
