import Testing

@testable import Transfer

@Suite struct `The rate limit` {
    @Test func `the rate limit allows a burst and then its rate`() {
        let start = ContinuousClock.now
        var bucket = TokenBucket(rate: 1 << 20, now: start)
        var passed = 0
        var now = start
        while start.duration(to: now) < .seconds(10) {
            let wait = bucket.wait(now: now)
            if wait > .zero {
                now += wait
            } else {
                bucket.take(16_384)
                passed += 16_384
            }
        }
        #expect(abs(passed - 10 << 20) < 300_000)
    }

    @Test func `an unused rate limit does not accumulate`() {
        let start = ContinuousClock.now
        var bucket = TokenBucket(rate: 1000, now: start)
        #expect(bucket.wait(now: start + .seconds(3600)) == .zero)
        bucket.take(16_384 + 1000)
        let wait = bucket.wait(now: start + .seconds(3600))
        #expect(wait > .milliseconds(990) && wait < .milliseconds(1010))
    }
}
