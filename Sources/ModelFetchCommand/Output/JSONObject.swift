internal import ModelFetch

/// The members of a JSON object that is printed; their order does not matter.
typealias JSONObject = [String: JSONValue]

extension JSONValue {
    /// An object, its keys sorted, so that lines can be compared.
    init(_ object: JSONObject) {
        self = .object(object.sorted { $0.key < $1.key }.map { Member(key: $0.key, value: $0.value) })
    }

    /// A string, or null.
    init(_ text: String?) { self = text.map { .string($0) } ?? .null }

    /// An integer, or null.
    init(_ number: Int64?) { self = number.map { .integer($0) } ?? .null }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
}
