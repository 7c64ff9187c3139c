import SeededRandom

/// Random bytes, generated once.
enum Pool {
    private static let bytes: [UInt8] = {
        var random = SplitMix64(seed: 42)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 << 20)
        while bytes.count < 8 << 20 { withUnsafeBytes(of: random.next()) { bytes.append(contentsOf: $0) } }
        return bytes
    }()

    /// The bytes of a file; each number gives different ones.
    static func bytes(_ count: Int, number: Int) -> [UInt8] {
        let start = number * 100_003 % (bytes.count - count)
        return Array(bytes[start..<start + count])
    }
}
