import Testing

@testable import Transfer

@Suite struct `A redirect` {
    private func chain(_ start: String, _ locations: String...) throws -> HTTPURL {
        var redirects = Redirects(from: try HTTPURL(parsing: start))
        for location in locations { try redirects.follow(parsedHead("302|location: \(location)")) }
        return redirects.current
    }

    @Test func `redirects may be relative and may lead to https`() throws {
        #expect(try chain("http://h/a", "/b", "https://i/c?x", "d").absoluteString == "https://i/d")
    }

    @Test(arguments: [
        ("https://h/a", "http://h/a"), ("http://h/a", "ftp://h/a"), ("http://h/a", "file:///etc/passwd"),
        ("http://h/a", "/a"), ("http://h/a", "http://H:80/a#x"), ("http://h/a", "/b\u{7}"), ("http://h/a", "http://"),
        ("http://h/a", "/\u{FFFD}"),
    ])
    func `unsafe redirects are refused`(start: String, location: String) {
        let error = #expect(throws: TransferError.self) { try chain(start, location) }
        #expect(error?.code == .redirectRefused)
    }

    @Test func `redirect loops and long chains are refused`() throws {
        #expect(throws: TransferError.self) { try chain("http://h/a", "/b", "/a") }
        var redirects = Redirects(from: try HTTPURL(parsing: "http://h/"))
        for index in 0..<10 { try redirects.follow(parsedHead("307|location: /\(index)")) }
        #expect(throws: TransferError.self) { try redirects.follow(parsedHead("307|location: /11")) }
    }

    @Test func `a redirect needs a single target`() {
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
    func `credentials follow a redirect only to their own origin`(target: String, sent: Bool) throws {
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
