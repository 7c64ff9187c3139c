/// A small generator whose sequence depends on nothing but its seed (Steele, Lea and Flood, 2014).
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// One of the numbers from 0 up to, not including, `limit`.
    package mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    /// True so many times out of a hundred.
    package mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    /// One of some values, each as likely as the next.
    package mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }
}
