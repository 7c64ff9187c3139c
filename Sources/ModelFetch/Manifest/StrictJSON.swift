/// A JSON parser that takes RFC 8259 at its word and refuses what two readers might understand differently.
///
/// Foundation's `JSONDecoder` lets duplicate keys, a byte order mark, UTF-16, `1.0` and `1e3` for an integer and lone
/// surrogates pass. A manifest says which bytes are to be trusted, so it gets one reading only: this parser makes the
/// values itself instead of vouching for a second parser that might read the same text differently.
///
/// Time is linear, memory bounded, and nesting is kept on a stack of its own: 100,000 brackets are an error, not a crash.
struct StrictJSON {
    /// Larger documents are refused before the first byte is looked at.
    static let maximumBytes = 16 << 20
    /// How deeply arrays and objects may be nested.
    static let maximumDepth = 64
    /// How many values a document may hold, containers included: the bound on memory (100,000 files need about 500,000).
    static let maximumValues = 1_000_000
    /// The largest magnitude that every JSON reader represents exactly (RFC 8259 §6).
    static let maximumInteger: Int64 = 1 << 53

    /// The one value that `bytes` hold. Throws with the JSON path, line and column of the first thing wrong.
    static func parse(_ bytes: [UInt8]) throws(JSONFault) -> JSONValue {
        guard bytes.count <= maximumBytes else {
            throw JSONFault(path: .root, reason: "is larger than \(maximumBytes >> 20) MiB")
        }
        var parser = StrictJSON(bytes: bytes)
        try parser.refuseOtherEncodings()
        return try parser.document()
    }

    let bytes: [UInt8]
    var position = 0
    private var valueCount = 0
    /// The containers around the current position, outermost first.
    private var open: [Container] = []

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// An array or object whose end has not come yet.
    private struct Container {
        var isObject: Bool
        var elements: [JSONValue] = []
        var members: [JSONValue.Member] = []
        /// The key whose value is being read; its bytes are already in `keys`.
        var key: String?
        /// Keys by their bytes: `String` would take canonically equivalent keys for equal.
        var keys: Set<[UInt8]> = []
    }

    // MARK: Structure

    private mutating func document() throws(JSONFault) -> JSONValue {
        while true {
            skipSpace()
            var value: JSONValue
            switch peek {
            case UInt8(ascii: "["):
                try openContainer(isObject: false)
                guard peek == UInt8(ascii: "]") else { continue }
                value = closeContainer()
            case UInt8(ascii: "{"):
                try openContainer(isObject: true)
                guard peek == UInt8(ascii: "}") else {
                    try readKey()
                    continue
                }
                value = closeContainer()
            default:
                value = try scalar()
            }
            // Hand the value to its container, and that one to its own for as long as they end here.
            while true {
                skipSpace()
                // Only this much of the container: a copy of it would be copied again by `append`, which is quadratic.
                guard let isObject = open.last?.isObject else {
                    guard position == bytes.count else { throw unexpected("after the end of the document") }
                    return value
                }
                append(value)
                if peek == UInt8(ascii: ",") {
                    position += 1
                    skipSpace()
                    if isObject { try readKey() }
                    break
                }
                guard peek == UInt8(ascii: isObject ? "}" : "]") else {
                    throw unexpected("where “,” or the end of the \(isObject ? "object" : "array") should be")
                }
                value = closeContainer()
            }
        }
    }

    private mutating func openContainer(isObject: Bool) throws(JSONFault) {
        guard open.count < Self.maximumDepth else { throw fault("is nested more than \(Self.maximumDepth) deep") }
        try countValue()
        position += 1
        open.append(Container(isObject: isObject))
        skipSpace()
    }

    private mutating func closeContainer() -> JSONValue {
        position += 1
        let container = open.removeLast()
        return container.isObject ? .object(container.members) : .array(container.elements)
    }

    private mutating func append(_ value: JSONValue) {
        let last = open.count - 1
        if let key = open[last].key {
            open[last].members.append(.init(key: key, value: value))
            open[last].key = nil
        } else {
            open[last].elements.append(value)
        }
    }

    private mutating func readKey() throws(JSONFault) {
        guard peek == UInt8(ascii: "\"") else { throw unexpected("where a key in quotes should be") }
        let key = try string()
        let last = open.count - 1
        let isNew = open[last].keys.insert(Array(key.utf8)).inserted
        open[last].key = key
        guard isNew else { throw fault("stands twice in its object") }
        skipSpace()
        guard peek == UInt8(ascii: ":") else { throw unexpected("where “:” should be") }
        position += 1
    }

    private mutating func countValue() throws(JSONFault) {
        valueCount += 1
        guard valueCount <= Self.maximumValues else { throw fault("is more than \(Self.maximumValues) values") }
    }

    // MARK: Plain values

    private mutating func scalar() throws(JSONFault) -> JSONValue {
        try countValue()
        switch peek {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), (UInt8(ascii: "0")...UInt8(ascii: "9"))?: return .integer(try integer())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: throw unexpected("where a value should be")
        }
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONFault) -> JSONValue {
        let matches = word.withUTF8Buffer { bytes[position...].starts(with: $0) }
        guard matches else { throw unexpected("where a value should be") }
        position += word.utf8CodeUnitCount
        return value
    }

    private mutating func integer() throws(JSONFault) -> Int64 {
        let start = position
        while let byte = peek, Self.mayStandInNumber(byte) { position += 1 }
        guard let value = Self.plainInteger(bytes[start..<position]) else {
            let number = printable(bytes[start..<position], limit: 40)
            position = start
            throw fault(
                "must be a plain integer from -2^53 to 2^53 (no fraction, exponent or leading zero), not \(number)")
        }
        return value
    }

    private static func mayStandInNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): true
        default: false
        }
    }

    private static func plainInteger(_ text: ArraySlice<UInt8>) -> Int64? {
        let isNegative = text.first == UInt8(ascii: "-")
        let digits = isNegative ? text.dropFirst() : text
        // 2^53 has 16 digits: with no more than that nothing below can overflow.
        guard (1...16).contains(digits.count) else { return nil }
        if digits.first == UInt8(ascii: "0"), digits.count > 1 || isNegative { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return value <= maximumInteger ? (isNegative ? -value : value) : nil
    }
}

// MARK: Bytes and faults

extension StrictJSON {
    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    /// RFC 8259 §8.1: UTF-8 without a byte order mark. What is recognisably something else gets a message of its own.
    private func refuseOtherEncodings() throws(JSONFault) {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw JSONFault(path: .root, reason: "begins with a byte order mark; save it as UTF-8 without one")
        }
        if bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE]) || bytes.prefix(4).contains(0) {
            throw JSONFault(path: .root, reason: "is UTF-16 or UTF-32; save it as UTF-8")
        }
    }

    private func unexpected(_ place: String) -> JSONFault {
        guard let byte = peek else { return fault("ends too early") }
        let what = byte < 0x80 ? "“\(printable([byte]))”" : "the byte 0x\(String(byte, radix: 16))"
        return fault("has \(what) \(place)")
    }

    /// A fault at the current position; the path leads to the value that is being read.
    func fault(_ reason: String) -> JSONFault {
        var path = JSONPath.root
        for container in open {
            if let key = container.key {
                path.steps.append(.key(key))
            } else if !container.isObject {
                path.steps.append(.index(container.elements.count))
            }
        }
        let before = bytes[..<position]
        let line = before.count { $0 == 0x0A } + 1
        let column = position - (before.lastIndex(of: 0x0A) ?? -1)
        return JSONFault(path: path, reason: "\(reason) (line \(line), column \(column))")
    }
}
