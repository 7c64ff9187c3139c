internal import Foundation
internal import ModelFetch

typealias JSONObject = [String: JSONValue]

/// A JSON value to be printed. Written by Foundation's encoder; keys are sorted, so that lines compare.
enum JSONValue: Encodable, Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// A string, or null.
    init(_ text: String?) { self = text.map { .string($0) } ?? .null }

    /// An integer, or null.
    init(_ number: Int64?) { self = number.map { .integer($0) } ?? .null }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let values): try container.encode(values)
        case .object(let values): try container.encode(values)
        }
    }

    /// The value on one line, which a terminal may be shown: JSON itself would let DEL, C1 and bidirectional controls stand.
    var line: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Only a number that JSON does not have could fail, and none of ours is one.
        let data = (try? encoder.encode(self)) ?? Data("null".utf8)
        return harmlessJSON(String(decoding: data, as: UTF8.self))
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral {
    init(stringLiteral value: String) { self = .string(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
}
