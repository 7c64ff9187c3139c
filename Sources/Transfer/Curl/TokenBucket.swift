/// A rate limit shared by all transfers: received bytes take tokens, and time refills the bucket.
///
/// Data of any size may overdraw the bucket; the next data waits until the balance is positive again.
struct TokenBucket {
    private let bytesPerSecond: Double
    private let burst: Double
    private var tokens: Double
    private var filledAt: ContinuousClock.Instant

    /// - Parameter rate: bytes a second, at least 1.
    init(rate: Int64, now: ContinuousClock.Instant) {
        bytesPerSecond = Double(max(rate, 1))
        // A tenth of a second, but at least what libcurl hands over at once.
        burst = max(bytesPerSecond / 10, 16_384)
        tokens = burst
        filledAt = now
    }

    mutating func take(_ count: Int) { tokens -= Double(count) }

    /// How long to wait before data may be taken; zero if it may be taken now.
    mutating func wait(now: ContinuousClock.Instant) -> Duration {
        let seconds = max(filledAt.duration(to: now) / .seconds(1), 0)
        tokens = min(tokens + seconds * bytesPerSecond, burst)
        filledAt = now
        return tokens > 0 ? .zero : .seconds((1 - tokens) / bytesPerSecond)
    }
}
