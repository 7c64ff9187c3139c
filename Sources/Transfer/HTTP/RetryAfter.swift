/// Parses `Retry-After` (RFC 9110 §10.2.3).
package enum RetryAfter {
    /// The longest wait that is accepted from a server.
    package static let longest: Duration = .seconds(300)

    /// How long to wait; zero for a date that has passed, `nil` for text that is neither a number nor a date.
    ///
    /// - Parameter now: the time from which a date is counted, preferably the server's own `Date`, so that a wrong
    ///   local clock does not matter. Without it, a date gives `nil`.
    package static func duration(_ value: String, now: HTTPDate?) -> Duration? {
        let value = trimmed(value)
        if !value.utf8.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // A number that does not fit is still a long wait.
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
