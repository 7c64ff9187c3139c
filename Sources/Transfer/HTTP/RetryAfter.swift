/// Reads `Retry-After` (RFC 9110 §10.2.3).
package enum RetryAfter {
    /// No server makes us wait longer than this in one go.
    package static let longest: Duration = .seconds(300)

    /// How long to wait; zero for a moment that has passed, `nil` for what is neither a number nor a date.
    ///
    /// - Parameter now: the moment to count a date from: best the server's own `Date`, so that a wrong clock here does not
    ///   matter. Without one a date is not understood.
    package static func duration(_ value: String, now: HTTPDate?) -> Duration? {
        let value = trimmed(value)
        if !value.utf8.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // Too many digits for a number is still a long wait.
            guard let seconds = decimal(value) else { return longest }
            return clamped(seconds)
        }
        guard let now, let date = HTTPDate(value) else { return nil }
        return clamped(date.secondsSinceEpoch - now.secondsSinceEpoch)
    }

    private static func clamped(_ seconds: Int64) -> Duration {
        .seconds(min(max(seconds, 0), longest.components.seconds))
    }
}
