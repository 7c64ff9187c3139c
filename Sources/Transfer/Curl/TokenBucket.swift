/// A rate limit for all transfers together: bytes are taken as they come and paid back by time.
///
/// A piece may overdraw the bucket, so that pieces of any size pass; the next one waits until the debt is paid.
struct TokenBucket {
    private let bytesPerSecond: Double
    private let burst: Double
    private var tokens: Double
    private var filledAt: ContinuousClock.Instant

    /// - Parameter rate: bytes a second, at least 1.
    init(rate: Int64, now: ContinuousClock.Instant) {
        bytesPerSecond = Double(max(rate, 1))
        // A tenth of a second, but one of libcurl's pieces at least.
        burst = max(bytesPerSecond / 10, 16_384)
        tokens = burst
        filledAt = now
    }

    mutating func take(_ count: Int) { tokens -= Double(count) }

    /// How long until a piece may pass; zero when one may now.
    mutating func wait(now: ContinuousClock.Instant) -> Duration {
        let seconds = max(filledAt.duration(to: now) / .seconds(1), 0)
        tokens = min(tokens + seconds * bytesPerSecond, burst)
        filledAt = now
        return tokens > 0 ? .zero : .seconds((1 - tokens) / bytesPerSecond)
    }
}
