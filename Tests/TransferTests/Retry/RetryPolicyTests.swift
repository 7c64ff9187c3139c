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
    func `asks no more where that cannot help`(code: TransferError.Code, decision: RetryDecision) {
        #expect(decide(code) == decision)
    }

    @Test(arguments: zip([0, 1, 2, 3, 6, 7, 8], [500, 500, 1000, 2000, 16_000, 30_000, 30_000]))
    func `waits at most twice as long each time, and never longer than 30 s`(attempts: Int, milliseconds: Int) {
        #expect(decide(.short, attempts: attempts) == .retry(after: .milliseconds(milliseconds)))
        #expect(decide(.short, attempts: attempts, dice: 0) == .retry(after: .zero))
    }

    @Test func `gives up when the attempts without progress are spent`() {
        #expect(decide(.stalled, attempts: 9) == .giveUp)
        #expect(decide(.page, attempts: 9) == .refuse)
        #expect(decide(.page, attempts: 8) == .retry(after: .seconds(30)))
        #expect(decide(.short, attempts: 0, retries: 0) == .giveUp)
    }

    @Test func `waits for as long as the server asks, and some more`() {
        #expect(decide(.serverBusy, after: .seconds(60)) == .retry(after: .milliseconds(60_500)))
    }

    @Test func `does not overflow`() {
        #expect(decide(.short, attempts: .max, retries: .max) == .retry(after: .seconds(30)))
    }
}
