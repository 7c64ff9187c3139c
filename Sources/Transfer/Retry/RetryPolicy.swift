/// What to do after an attempt has failed.
package enum RetryDecision: Hashable, Sendable {
    /// Try the same source again after this pause.
    case retry(after: Duration)
    /// Try the next source now.
    case nextSource
    /// Do not use this source any more: it sent something wrong or unsafe.
    case refuse
    /// The attempts are used up, or the transfer was cancelled.
    case giveUp
}

/// Decides whether and when to retry: exponential back-off with full jitter. It never sleeps itself.
package struct RetryPolicy: Hashable, Sendable {
    /// The most retries in a row without progress; with 0 there is only one attempt.
    package var retries: Int
    /// The upper bound of the first pause. It doubles with each attempt without progress.
    package var delay: Duration
    /// The upper bound of all pauses. A server's `Retry-After` comes on top (``RetryAfter/longest``).
    package var longestDelay: Duration

    package init(
        retries: Int = 8, delay: Duration = .milliseconds(500), longestDelay: Duration = .seconds(30)
    ) {
        self.retries = max(retries, 0)
        self.delay = max(delay, .zero)
        self.longestDelay = max(longestDelay, .zero)
    }

    /// - Parameters:
    ///   - attemptsWithoutProgress: how many attempts in a row made no progress, including the one that has just
    ///     failed; 0 if it made progress.
    ///   - disposition: replaces ``TransferError/disposition-swift.property`` of the error.
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
            // The server may have told all its clients the same time, so the jitter comes on top.
            return .retry(after: (error.retryAfter ?? .zero) + pause)
        }
    }

    /// A random pause between zero and the upper bound, which spreads out clients that failed at the same time.
    package func pause(attempt: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        var ceiling = min(delay, longestDelay)
        for _ in 1..<max(min(attempt, 64), 1) where ceiling < longestDelay { ceiling = min(ceiling * 2, longestDelay) }
        let nanoseconds = UInt64(min(max(ceiling / .nanoseconds(1), 0), 1e18))
        // Exactly one random number (Int64.random may take several): a seed can be replayed, and the constant generator
        // of a test does not hang. The bias is far below a nanosecond.
        let share = generator.next().multipliedFullWidth(by: nanoseconds + 1).high
        return .nanoseconds(Int64(share))
    }
}
