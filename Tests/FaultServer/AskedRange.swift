/// A `Range` field with a single byte range (RFC 9110 §14.1.2). Anything else, including several ranges, is ignored, as
/// the RFC allows.
enum AskedRange: Equatable {
    /// `a-` or, with an inclusive end, `a-b`.
    case from(Int64, to: Int64?)
    /// `-n`: the last n bytes.
    case suffix(Int64)

    init?(field: String?) {
        guard let field, let equals = field.firstIndex(of: "="), field[..<equals].lowercased() == "bytes" else {
            return nil
        }
        let parts = field[field.index(after: equals)...].trimming { $0 == " " }
            .split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
            return nil
        }
        // A number that does not fit lies beyond the end of any file.
        let numbers = parts.map { $0.isEmpty ? nil : Int64($0) ?? .max }
        switch (numbers[0], numbers[1]) {
        case (let start?, let end):
            if let end, end < start { return nil }
            self = .from(start, to: end)
        case (nil, let count?): self = .suffix(count)
        case (nil, nil): return nil
        }
    }

    /// The range in a file of this size; `nil` if it is outside the file (416).
    func resolved(size: Int64) -> Range<Int64>? {
        switch self {
        case .from(let start, let end):
            guard start < size else { return nil }
            return start..<(min(end ?? .max, size - 1) + 1)
        case .suffix(let count):
            guard count > 0, size > 0 else { return nil }
            return max(0, size - count)..<size
        }
    }

    /// The start of the range in a file of this size.
    func offset(size: Int64) -> Int64 {
        switch self {
        case .from(let start, _): start
        case .suffix(let count): max(0, size - count)
        }
    }
}
