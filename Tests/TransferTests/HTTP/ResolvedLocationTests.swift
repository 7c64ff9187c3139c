import Testing

@testable import Transfer

@Suite struct `A resolved location` {
    private func location(_ text: String, isRedirected: Bool = true) throws -> ResolvedLocation {
        ResolvedLocation(try HTTPURL(parsing: text), isRedirected: isRedirected)
    }

    @Test(arguments: [
        ("https://h/f", "https://h/f"),
        ("https://h/f?", "https://h/f?"),
        ("https://h/f?version=2&part=1", "https://h/f?version=2&part=1"),
        // S3, version 4 and version 2.
        (
            "https://h/f?versionId=2&X-Amz-Date=20261124T180000Z&X-Amz-Expires=60&x-amz-signature=s",
            "https://h/f?versionId=2"
        ),
        ("https://h/f?AWSAccessKeyId=k&Expires=1&Signature=s", "https://h/f?"),
        // CloudFront, Google and Azure.
        ("https://h/f?a=1&Policy=p&Signature=s&Key-Pair-Id=k", "https://h/f?a=1"),
        ("https://h/f?X-Goog-Date=d&X-Goog-Signature=s&generation=7", "https://h/f?generation=7"),
        ("https://h/f?GoogleAccessId=g&Expires=1&Signature=s", "https://h/f?"),
        ("https://h/f?sv=2&sr=b&sp=r&st=1&se=2&spr=https&sig=s&snapshot=9", "https://h/f?snapshot=9"),
        // Whole names only.
        ("https://h/f?signatures=1&sigh&designature=2", "https://h/f?signatures=1&sigh&designature=2"),
        ("https://h/sig=1?x#sig=2", "https://h/sig=1?x"),
    ])
    func `the identity of a location is its URL without the signature`(text: String, identity: String) throws {
        #expect(try location(text).identity == identity)
    }

    @Test func `a 403 after a redirect may mean an expired location`() throws {
        for status in [200, 206, 401, 403, 404, 410, 503] {
            #expect(try location("https://h/f").mayHaveExpired(status: status) == (status == 403), "\(status)")
            #expect(try !location("https://h/f", isRedirected: false).mayHaveExpired(status: status), "\(status)")
        }
    }

    /// 2026-11-24, 18:00:00.
    private static let moment: Int64 = 1_795_543_200

    @Test(
        arguments: [
            ("X-Amz-Date=20261124T180000Z&X-Amz-Expires=60&X-Amz-Signature=s", moment + 60),
            ("x-goog-date=20261124T180000Z&x-goog-expires=604800&x-goog-signature=s", moment + 604_800),
            ("AWSAccessKeyId=k&Expires=1795543200&Signature=s", moment),
            ("se=2026-11-24T18%3A00%3A00Z&sp=r&sig=s", moment),
            // Not signed, or without a moment that makes sense.
            ("", nil), ("Expires=1795543200", nil), ("se=2026-11-24T18:00:00Z", nil), ("Expires=soon&Signature=s", nil),
            ("X-Amz-Date=20261124T180000Z&X-Amz-Expires=604801", nil), ("X-Amz-Date=now&X-Amz-Expires=1", nil),
            ("X-Amz-Date=20261124T180000Z&X-Amz-Expires=-1", nil), ("Expires=99999999999999999999&Signature=s", nil),
        ] as [(String, Int64?)])
    func `the expiry of a signed URL is read from its query`(query: String, seconds: Int64?) throws {
        #expect(try location("https://h/f?" + query).expiry?.secondsSinceEpoch == seconds)
    }

    @Test(arguments: [
        ("Expires=784111776&Signature=s", "403", true), ("Expires=784111777&Signature=s", "403", false),
        ("Expires=784111776&Signature=s", "404", false), ("x=1", "403", false),
    ])
    func `a 403 is explained by an expired signature`(query: String, status: String, isExpired: Bool) async throws {
        let url = try HTTPURL(parsing: "https://h/f?" + query)
        let transport = ScriptedTransport(.init(status + "|date: Sun, 06 Nov 1994 08:49:37 GMT"))
        let error = await #expect(throws: TransferError.self) {
            try await RangeFetcher(transport).open(FetchRequest(url: url, total: 20))
        }
        #expect(error?.detail.contains("expired") == isExpired)
    }

    @Test func `a location is printed without its secrets`() throws {
        let location = try location("https://h/f?X-Amz-Signature=hunter2")
        #expect(!"\(location)".contains("hunter2") && !String(reflecting: location).contains("hunter2"))
    }
}
