import SeededRandom

/// Changes inputs as damage and malice do: bits, cut tails, repeated and moved parts, numbers at the edge, words of the format.
struct Mutator {
    private var random: SplitMix64
    private let corpus: [[UInt8]]
    private let words: [[UInt8]]

    /// No input gets longer, in bytes.
    static let limit = 16 << 10

    init(seed: UInt64, corpus: [[UInt8]], words: [[UInt8]]) {
        random = SplitMix64(seed: seed)
        self.corpus = corpus
        self.words = words
    }

    /// One of the corpus after some changes.
    mutating func input() -> [UInt8] {
        var bytes = corpus.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 1...5, using: &random) { change(&bytes) }
        return Array(bytes.prefix(Self.limit))
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let part = place..<min(place + Int.random(in: 1...16, using: &random), bytes.count)
        switch Int.random(in: 0..<11, using: &random) {
        case 0: if place < bytes.count { bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
        case 1: if place < bytes.count { bytes[place] = .random(in: 0...255, using: &random) }
        case 2: bytes.removeSubrange(part)
        case 3: bytes.insert(contentsOf: bytes[part], at: place)
        case 4: bytes.insert(contentsOf: [[UInt8]](repeating: Array(bytes[part]), count: 20).joined(), at: place)
        case 5: bytes.removeSubrange(place...)
        case 6: bytes.insert(.random(in: 0...255, using: &random), at: place)
        case 7: splice(&bytes, at: place)
        case 8: number(&bytes, near: place)
        case 9: words.randomElement(using: &random).map { bytes.insert(contentsOf: $0, at: place) }
        default: words.randomElement(using: &random).map { bytes.replaceSubrange(part, with: $0) }
        }
    }

    /// Goes on like another of the corpus.
    private mutating func splice(_ bytes: inout [UInt8], at place: Int) {
        guard let other = corpus.randomElement(using: &random), !other.isEmpty else { return }
        let start = Int.random(in: 0..<other.count, using: &random)
        let end = Int.random(in: start...other.count, using: &random)
        bytes.replaceSubrange(place..<min(place + end - start, bytes.count), with: other[start..<end])
    }

    private static let numbers: [String] = [
        "0", "-1", "00", "1.0", "1e3", "9007199254740991", "9007199254740992", "9007199254740993", "4294967296",
        "9223372036854775806", "9223372036854775807", "9223372036854775808", "18446744073709551616",
        "99999999999999999999",
    ]

    /// Puts a number at the edge in the place of the next one; an edge of binary numbers where there is none.
    private mutating func number(_ bytes: inout [UInt8], near place: Int) {
        let isDigit: (UInt8) -> Bool = { (0x30...0x39).contains($0) }
        if let start = bytes[place...].firstIndex(where: isDigit) {
            let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
            bytes.replaceSubrange(start..<end, with: (Self.numbers.randomElement(using: &random) ?? "0").utf8)
        } else {
            let edge = [UInt8](repeating: Bool.random(using: &random) ? 0xFF : 0, count: 8)
            bytes.replaceSubrange(place..<min(place + 8, bytes.count), with: edge)
        }
    }
}
