/// What to do after a failed attempt.
package enum RetryDecision: Hashable, Sendable {
    /// Ask the same source again after this pause.
    case retry(after: Duration)
    /// Ask the next source now.
    case nextSource
    /// Strike this source out: it answered something wrong or unsafe.
    case refuse
    /// The attempts are spent, or we were cancelled.
    case giveUp
}

/// Exponential back-off with full jitter: decides, and never sleeps.
package struct RetryPolicy: Hashable, Sendable {
    /// Attempts after the first one that may pass without progress; 0 is one attempt whatever happens.
    package var retries: Int
    /// The longest first pause; doubles with each attempt that brought nothing.
    package var delay: Duration
    /// No pause of ours is longer. A server's `Retry-After` may be (``RetryAfter/longest``).
    package var longestDelay: Duration

    package init(
        retries: Int = 8, delay: Duration = .milliseconds(500), longestDelay: Duration = .seconds(30)
    ) {
        self.retries = max(retries, 0)
        self.delay = max(delay, .zero)
        self.longestDelay = max(longestDelay, .zero)
    }

    /// - Parameters:
    ///   - attemptsWithoutProgress: how many attempts in a row brought nothing, the one that just failed included; 0 when it
    ///     brought something.
    ///   - disposition: what to make of the error, if that is not ``TransferError/disposition-swift.property``.
    package func decision(
        after error: TransferError, attemptsWithoutProgress: Int, disposition: TransferError.Disposition? = nil,
        using generator: inout some RandomNumberGenerator
    ) -> RetryDecision {
        let spent = retries == 0 || attemptsWithoutProgress > retries
        switch disposition ?? error.disposition {
        case .cancelled: return .giveUp
        case .nextSource: return .nextSource
        case .refuse: return .refuse
        case .page where spent: return .refuse
        case .retry where spent: return .giveUp
        case .page, .retry:
            let pause = pause(attempt: max(attemptsWithoutProgress, 1), using: &generator)
            // Everybody else was told the same moment: the jitter comes on top.
            return .retry(after: (error.retryAfter ?? .zero) + pause)
        }
    }

    /// Anything from nothing to the ceiling: spreads the clients that one outage threw out together.
    package func pause(attempt: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        var ceiling = min(delay, longestDelay)
        for _ in 1..<max(min(attempt, 64), 1) where ceiling < longestDelay { ceiling = min(ceiling * 2, longestDelay) }
        let nanoseconds = UInt64(min(max(ceiling / .nanoseconds(1), 0), 1e18))
        // One draw whatever comes (Int64.random would draw again until it likes the number): a seed replays, and a
        // generator that a test made constant does not hang. The bias is far below a nanosecond.
        let share = generator.next().multipliedFullWidth(by: nanoseconds + 1).high
        return .nanoseconds(Int64(share))
    }
}
