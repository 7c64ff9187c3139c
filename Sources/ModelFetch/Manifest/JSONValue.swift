/// A JSON document. What ``StrictJSON`` reads has only integers for numbers, unique keys and valid Unicode.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// Only ever written; what is not finite is written as null.
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// One `"key": value`. Members keep the order of the document.
    package struct Member: Hashable, Sendable {
        package var key: String
        package var value: JSONValue

        package init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// The type in words, for "expected …, found …".
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue {
    /// The value as readable JSON: objects and arrays of them over several lines, arrays of plain values on one.
    ///
    /// The text is a function of the value alone (member order, two spaces, no trailing space), so that equal manifests
    /// are equal files. Characters that a terminal would obey are escaped.
    func text() -> String {
        var text = ""
        write(to: &text, indentation: "")
        return text
    }

    // Recursion is bounded: these values are made here, or came through the scanner's depth limit.
    private func write(to text: inout String, indentation: String) {
        let inner = indentation + "  "
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value): text += Self.text(value)
        case .string(let value): Self.quote(value, to: &text)
        case .array(let elements) where elements.allSatisfy(\.isPlain):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += ", " }
                element.write(to: &text, indentation: inner)
            }
            text += "]"
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                text += (index == 0 ? "[\n" : ",\n") + inner
                element.write(to: &text, indentation: inner)
            }
            text += "\n\(indentation)]"
        case .object(let members) where members.isEmpty: text += "{}"
        case .object(let members):
            for (index, member) in members.enumerated() {
                text += (index == 0 ? "{\n" : ",\n") + inner
                Self.quote(member.key, to: &text)
                text += ": "
                member.value.write(to: &text, indentation: inner)
            }
            text += "\n\(indentation)}"
        }
    }

    private var isPlain: Bool {
        switch self {
        case .null, .bool, .integer, .number, .string: true
        case .array, .object: false
        }
    }

    /// The value as JSON on one line, without a space that could be left out.
    package func compactText() -> String {
        var text = ""
        writeCompactly(to: &text)
        return text
    }

    private func writeCompactly(to text: inout String) {
        switch self {
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += "," }
                element.writeCompactly(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                Self.quote(member.key, to: &text)
                text += ":"
                member.value.writeCompactly(to: &text)
            }
            text += "}"
        case .null, .bool, .integer, .number, .string: write(to: &text, indentation: "")
        }
    }

    /// A whole number has no fraction.
    private static func text(_ number: Double) -> String {
        guard number.isFinite else { return "null" }
        return Int64(exactly: number).map { String($0) } ?? "\(number)"
    }

    /// RFC 8259 §7, and everything unsafe or invisible escaped besides.
    private static func quote(_ string: String, to text: inout String) {
        text += "\""
        defer { text += "\"" }
        // Nearly all that a manifest holds, and many times as fast.
        let isHarmless = string.utf8.allSatisfy { (0x20..<0x7F).contains($0) && $0 != 0x22 && $0 != 0x5C }
        guard !isHarmless else {
            text += string
            return
        }
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case _ where scalar.isUnsafe: text += scalar.escapedInJSON
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}
