/// Makes values of an input's bytes, so that a mutated input is a mutated structure. An input that is used up gives zeros.
struct ByteReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    mutating func bytes(_ count: Int) -> [UInt8] {
        let taken = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        return taken
    }

    /// A number below `bound`, mostly small.
    mutating func number(below bound: Int64) -> Int64 {
        var value: UInt64 = 0
        for _ in 0..<Int(byte() % 9) { value = value << 8 | UInt64(byte()) }
        return Int64(value % UInt64(bound))
    }

    mutating func text() -> String {
        let length = Int(byte())
        return String(decoding: bytes(length), as: UTF8.self)
    }
}
