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

@Suite struct `Retry-After` {
    private let now = HTTPDate("Sun, 06 Nov 1994 08:49:37 GMT")

    @Test(arguments: [
        ("0", 0), ("120", 120), (" 7 ", 7), ("300", 300), ("301", 300), ("100000000000000000000", 300),
        ("Sun, 06 Nov 1994 08:49:40 GMT", 3), ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
        ("Mon, 07 Nov 1994 08:49:37 GMT", 300),
    ])
    func `is seconds or a date, within bounds`(value: String, seconds: Int) {
        #expect(RetryAfter.duration(value, now: now) == .seconds(seconds))
    }

    @Test(arguments: ["", "soon", "-1", "1.5", "+3", "Sun, 06 Nov 1994", "٣"])
    func `is nothing when it is rubbish`(value: String) {
        #expect(RetryAfter.duration(value, now: now) == nil)
    }

    @Test func `needs a clock to be a date`() {
        #expect(RetryAfter.duration("Sun, 06 Nov 1994 08:49:40 GMT", now: nil) == nil)
    }
}

@Suite struct `An HTTP date` {
    @Test(arguments: [
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
        ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799), ("Mon, 23 Nov 2026 21:03:24 GMT", 1_795_467_804),
        ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
    ])
    func `is read to the second`(text: String, seconds: Int64) {
        #expect(HTTPDate(text)?.secondsSinceEpoch == seconds)
    }

    @Test(arguments: [
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Mon, 06 Nov 1994 08:49:37 GMT",
        "Fri, 30 Feb 2024 00:00:00 GMT", "Wed, 31 Apr 2024 00:00:00 GMT", "Thu, 29 Feb 1900 00:00:00 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Now 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC", "", "sun, 06 nov 1994 08:49:37 gmt",
    ])
    func `is refused in any other form`(text: String) {
        #expect(HTTPDate(text) == nil)
    }
}

@Suite struct `A redirect` {
    private func chain(_ start: String, _ locations: String...) throws -> HTTPURL {
        var redirects = Redirects(from: try HTTPURL(parsing: start))
        for location in locations { try redirects.follow(parsedHead("302|location: \(location)")) }
        return redirects.current
    }

    @Test func `is followed, relative ones too, and up to https`() throws {
        #expect(try chain("http://h/a", "/b", "https://i/c?x", "d").absoluteString == "https://i/d")
    }

    @Test(arguments: [
        ("https://h/a", "http://h/a"), ("http://h/a", "ftp://h/a"), ("http://h/a", "file:///etc/passwd"),
        ("http://h/a", "/a"), ("http://h/a", "http://H:80/a#x"), ("http://h/a", "/b\u{7}"), ("http://h/a", "http://"),
        ("http://h/a", "/\u{FFFD}"),
    ])
    func `is refused where it is unsafe`(start: String, location: String) {
        let error = #expect(throws: TransferError.self) { try chain(start, location) }
        #expect(error?.code == .redirectRefused)
    }

    @Test func `is refused when it leads back, or on and on`() throws {
        #expect(throws: TransferError.self) { try chain("http://h/a", "/b", "/a") }
        var redirects = Redirects(from: try HTTPURL(parsing: "http://h/"))
        for index in 0..<10 { try redirects.follow(parsedHead("307|location: /\(index)")) }
        #expect(throws: TransferError.self) { try redirects.follow(parsedHead("307|location: /11")) }
    }

    @Test func `needs one target`() {
        #expect(throws: TransferError.self) {
            var redirects = Redirects(from: try HTTPURL(parsing: "http://h/"))
            try redirects.follow(parsedHead("302|location: /a|location: /b"))
        }
        #expect(throws: TransferError.self) {
            var redirects = Redirects(from: try HTTPURL(parsing: "http://h/"))
            try redirects.follow(parsedHead("302"))
        }
    }

    @Test(arguments: [("https://h/x", true), ("https://h:444/x", false), ("http://h/x", false), ("https://i/x", false)])
    func `takes credentials along to their own origin only`(target: String, sent: Bool) throws {
        var credentials = Credentials()
        credentials.userinfo = ("user", "password")
        credentials.headers = [("Authorization", "Bearer hunter2")]
        credentials.netrc = true
        let origin = try HTTPURL(parsing: "https://h/").origin
        let result = Redirects.credentials(credentials, of: origin, to: try HTTPURL(parsing: target))
        #expect(result.isEmpty != sent)
        #expect(!"\(credentials)".contains("hunter2"))
    }
}
