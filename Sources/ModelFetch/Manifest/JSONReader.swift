/// A value of a document with its JSON path, which every fault names.
struct JSONReader {
    let value: JSONValue
    let path: JSONPath

    func string() throws(JSONFault) -> String {
        guard case .string(let string) = value else { throw wrongType("a string") }
        return string
    }

    func integer() throws(JSONFault) -> Int64 {
        guard case .integer(let integer) = value else { throw wrongType("an integer") }
        return integer
    }

    func array() throws(JSONFault) -> [JSONReader] {
        guard case .array(let elements) = value else { throw wrongType("an array") }
        return elements.enumerated().map { JSONReader(value: $1, path: path.index($0)) }
    }

    func object() throws(JSONFault) -> JSONObjectReader {
        guard case .object(let members) = value else { throw wrongType("an object") }
        return JSONObjectReader(members: members, path: path)
    }

    private func wrongType(_ expected: String) -> JSONFault {
        JSONFault(path: path, reason: "must be \(expected), not \(value.kind)")
    }
}

/// The members of an object, found by the bytes of their keys.
struct JSONObjectReader {
    let members: [JSONValue.Member]
    let path: JSONPath

    /// The value of `key`; `nil` when the key is missing or its value is null.
    func optional(_ key: String) -> JSONReader? {
        // The objects of a manifest have few keys, so a search is faster than a table.
        guard let member = members.first(where: { $0.key.utf8.elementsEqual(key.utf8) }) else { return nil }
        if case .null = member.value { return nil }
        return JSONReader(value: member.value, path: path.key(key))
    }

    func required(_ key: String) throws(JSONFault) -> JSONReader {
        guard let reader = optional(key) else { throw JSONFault(path: path.key(key), reason: "is missing") }
        return reader
    }

    /// The places of the keys that are not among `known`.
    func unknownKeys(besides known: [String]) -> [JSONPath] {
        members.filter { member in !known.contains { $0.utf8.elementsEqual(member.key.utf8) } }.map { path.key($0.key) }
    }
}
