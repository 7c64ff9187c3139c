import Testing

@testable import Transfer

@Suite struct `Retry-After` {
    private let now = HTTPDate("Sun, 06 Nov 1994 08:49:37 GMT")

    @Test(arguments: [
        ("0", 0), ("120", 120), (" 7 ", 7), ("300", 300), ("301", 300), ("100000000000000000000", 300),
        ("Sun, 06 Nov 1994 08:49:40 GMT", 3), ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
        ("Mon, 07 Nov 1994 08:49:37 GMT", 300),
    ])
    func `Retry-After is a number of seconds or a date, within bounds`(value: String, seconds: Int) {
        #expect(RetryAfter.duration(value, now: now) == .seconds(seconds))
    }

    @Test(arguments: ["", "soon", "-1", "1.5", "+3", "Sun, 06 Nov 1994", "٣"])
    func `invalid values of Retry-After are ignored`(value: String) {
        #expect(RetryAfter.duration(value, now: now) == nil)
    }

    @Test func `a date in Retry-After needs the current time`() {
        #expect(RetryAfter.duration("Sun, 06 Nov 1994 08:49:40 GMT", now: nil) == nil)
    }
}
