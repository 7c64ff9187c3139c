/// A JSON document as ``StrictJSON`` hands it out: numbers are integers, keys are unique, strings are valid Unicode.
enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// One `"key": value`. Members keep the order of the document.
    struct Member: Sendable {
        var key: String
        var value: JSONValue
    }

    /// The type in words, for "expected …, found …".
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
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
        case .null, .bool, .integer, .string: true
        case .array, .object: false
        }
    }

    /// The value as JSON on one line, without a space that could be left out.
    func compactText() -> String {
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
        case .null, .bool, .integer, .string: write(to: &text, indentation: "")
        }
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
