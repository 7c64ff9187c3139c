/// The place of a value in a JSON document: `$.files[3].size`.
struct JSONPath: Sendable {
    enum Step: Sendable {
        case key(String)
        case index(Int)
    }

    var steps: [Step] = []

    static let root = JSONPath()

    func key(_ key: String) -> JSONPath { JSONPath(steps: steps + [.key(key)]) }
    func index(_ index: Int) -> JSONPath { JSONPath(steps: steps + [.index(index)]) }
}

extension JSONPath: CustomStringConvertible {
    /// The usual notation. Keys that are not plain words are quoted and escaped, because they come from outside.
    var description: String {
        var text = "$"
        for step in steps {
            switch step {
            case .index(let index):
                text += "[\(index)]"
            case .key(let key) where Self.isPlain(key):
                text += ".\(key)"
            case .key(let key):
                let quoted = printable(key, limit: 64).split(separator: "\"", omittingEmptySubsequences: false)
                text += "[\"\(quoted.joined(separator: "\\u{22}"))\"]"
            }
        }
        return text
    }

    private static func isPlain(_ key: String) -> Bool {
        guard !key.isEmpty, key.utf8.count <= 64 else { return false }
        return key.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }
    }
}

/// A fault at some place of a JSON document. ``ManifestError`` adds which document it is.
struct JSONFault: Error {
    var path: JSONPath
    /// Already safe to print: quoted text went through `printable(_:)`.
    var reason: String
}
