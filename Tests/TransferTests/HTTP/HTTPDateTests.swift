import Testing

@testable import Transfer

@Suite struct `An HTTP date` {
    @Test(arguments: [
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
        ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799), ("Mon, 23 Nov 2026 21:03:24 GMT", 1_795_467_804),
        ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
    ])
    func `an HTTP date is read to the second`(text: String, seconds: Int64) {
        #expect(HTTPDate(text)?.secondsSinceEpoch == seconds)
    }

    @Test(
        arguments: [
            ("20261123T210324Z", 1_795_467_804), ("2026-11-23T21:03:24Z", 1_795_467_804),
            ("2026-11-23T21%3A03%3a24Z", 1_795_467_804), ("2000-02-29t23:59:59z", 951_868_799), ("2026-11-23", nil),
            ("2026-11-23T21:03Z", nil), ("20261323T210324Z", nil), ("20260230T000000Z", nil), ("20261123T210324", nil),
            ("2026-11-23T21:03:24+01:00", nil), ("", nil), (String(repeating: "1", count: 100), nil),
        ] as [(String, Int64?)])
    func `the ISO 8601 dates of signed URLs are read`(text: String, seconds: Int64?) {
        #expect(HTTPDate(iso8601: text)?.secondsSinceEpoch == seconds)
    }

    @Test(arguments: [
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Mon, 06 Nov 1994 08:49:37 GMT",
        "Fri, 30 Feb 2024 00:00:00 GMT", "Wed, 31 Apr 2024 00:00:00 GMT", "Thu, 29 Feb 1900 00:00:00 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Now 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC", "", "sun, 06 nov 1994 08:49:37 gmt",
    ])
    func `other forms of dates are refused`(text: String) {
        #expect(HTTPDate(text) == nil)
    }
}
