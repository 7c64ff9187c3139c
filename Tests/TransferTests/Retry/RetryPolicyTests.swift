import Testing

@testable import Transfer

/// Always the same number: the bounds of a random choice.
private struct Fixed: RandomNumberGenerator {
    var value: UInt64
    mutating func next() -> UInt64 { value }
}

@Suite struct `A retry decision` {
    private func decide(
        _ code: TransferError.Code, attempts: Int = 1, retries: Int = 8, after: Duration? = nil, dice: UInt64 = .max
    ) -> RetryDecision {
        var generator = Fixed(value: dice)
        return RetryPolicy(retries: retries).decision(
            after: TransferError(code, retryAfter: after), attemptsWithoutProgress: attempts, using: &generator)
    }

    @Test(arguments: [
        (TransferError.Code.denied, RetryDecision.nextSource), (.notFound, .nextSource), (.clientError, .nextSource),
        (.proxyRefused, .nextSource), (.certificate, .refuse), (.wrongLength, .refuse), (.redirectRefused, .refuse),
        (.overlong, .refuse), (.malformed, .refuse), (.cancelled, .giveUp),
    ])
    func `final errors are not retried`(code: TransferError.Code, decision: RetryDecision) {
        #expect(decide(code) == decision)
    }

    @Test(arguments: zip([0, 1, 2, 3, 6, 7, 8], [500, 500, 1000, 2000, 16_000, 30_000, 30_000]))
    func `the longest pause doubles with each attempt, up to 30 s`(attempts: Int, milliseconds: Int) {
        #expect(decide(.short, attempts: attempts) == .retry(after: .milliseconds(milliseconds)))
        #expect(decide(.short, attempts: attempts, dice: 0) == .retry(after: .zero))
    }

    @Test func `a source is given up after too many attempts without progress`() {
        #expect(decide(.stalled, attempts: 9) == .giveUp)
        #expect(decide(.page, attempts: 9) == .refuse)
        #expect(decide(.page, attempts: 8) == .retry(after: .seconds(30)))
        #expect(decide(.short, attempts: 0, retries: 0) == .giveUp)
    }

    @Test func `the jitter is added to the time that a server asks to wait`() {
        #expect(decide(.serverBusy, after: .seconds(60)) == .retry(after: .milliseconds(60_500)))
    }

    @Test func `huge numbers of attempts do not overflow`() {
        #expect(decide(.short, attempts: .max, retries: .max) == .retry(after: .seconds(30)))
    }
}
