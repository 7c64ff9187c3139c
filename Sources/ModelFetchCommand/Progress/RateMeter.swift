/// Bytes per second, as the mean of the last five seconds.
struct RateMeter: Sendable {
    private static let bucket: Duration = .milliseconds(500)
    private static let count = 10
    /// Before this much time has passed, a rate would be arbitrary.
    private static let least: Duration = .seconds(1)

    /// Bytes of the last half seconds; the last bucket is number `newest`.
    private var buckets = [Int64](repeating: 0, count: count)
    private var newest = 0
    private var start: Duration?

    mutating func add(_ bytes: Int64, at now: Duration) {
        if start == nil {
            start = now
            newest = Self.number(now)
        }
        advance(to: Self.number(now))
        buckets[Self.count - 1] += bytes
    }

    /// `nil` in the first second.
    func rate(at now: Duration) -> Double? {
        guard let start, now - start >= Self.least else { return nil }
        var copy = self
        copy.advance(to: Self.number(now))
        let from = max(start, Self.bucket * (copy.newest - Self.count + 1))
        return Double(copy.buckets.reduce(0, +)) / ((now - from) / .seconds(1))
    }

    private mutating func advance(to number: Int) {
        let steps = min(max(number - newest, 0), Self.count)
        guard steps > 0 else { return }
        buckets.removeFirst(steps)
        buckets += [Int64](repeating: 0, count: steps)
        newest = number
    }

    private static func number(_ time: Duration) -> Int { Int(time / bucket) }
}
