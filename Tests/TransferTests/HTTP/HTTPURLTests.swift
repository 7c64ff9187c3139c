import Testing

@testable import Transfer

@Suite struct `A URL` {
    @Test(arguments: [
        ("http://example.com", "http://example.com/"),
        ("HTTPS://EXAMPLE.com:443/a/../b?x=1#frag", "https://example.com/b?x=1"),
        ("http://example.com:8080/a%20b", "http://example.com:8080/a%20b"),
        ("https://user:secret@example.com/m/", "https://example.com/m/"),
        ("http://[::1]:80/x", "http://[::1]/x"),
        ("http://example.com/ü?q=ü", "http://example.com/%C3%BC?q=%C3%BC"),
        ("http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"),
        ("http://example.com?x", "http://example.com/?x"),
    ])
    func `URLs are normalized`(text: String, expected: String) throws {
        #expect(try HTTPURL(parsing: text).absoluteString == expected)
    }

    @Test(arguments: [
        "", "example.com/x", "ftp://example.com/", "file:///etc/passwd", "http://", "http://%34/", "http:///",
        "https://:80/",
        "http://exa mple.com/", "http://example.com/a b", "http://example.com/a\nb", "http://example.com/a\r\nb",
        "http://example.com/a\0b", "http://example.com/\u{1B}[2J", "http://example.com/\u{85}",
        "http://example.com:0/", "http://example.com:65536/", "http://example.com:x/", "javascript:alert(1)",
        "http://exa%0Ample.com/", "http://example.com/\u{FFFD}", "data:,x", "//example.com/x",
        "http://bücher.example/", "http://example.com%2F@evil/\u{9}",
    ])
    func `unsafe and invalid URLs are refused`(text: String) {
        let error = #expect(throws: TransferError.self) { try HTTPURL(parsing: text) }
        #expect(error?.code == .invalidURL)
    }

    @Test func `a URL has its default port`() throws {
        #expect(try HTTPURL(parsing: "http://h/").port == 80)
        #expect(try HTTPURL(parsing: "https://h/").port == 443)
        #expect(try HTTPURL(parsing: "https://h:8443/").port == 8443)
    }

    @Test func `user and password of a URL are decoded and removed`() throws {
        let (url, userinfo) = try HTTPURL.parse("https://us%40er:p%3Aw@example.com/x")
        #expect(userinfo?.user == "us@er")
        #expect(userinfo?.password == "p:w")
        #expect(url.absoluteString == "https://example.com/x")
        #expect(try HTTPURL.parse("https://example.com/x").userinfo == nil)
        #expect(try HTTPURL.parse("https://me@example.com/x").userinfo?.password == "")
        #expect(throws: TransferError.self) { try HTTPURL.parse("https://a%0Ab:c@example.com/") }
    }

    @Test(arguments: [
        ("http://h/a", "http://H:80/b", true),
        ("http://h/", "https://h/", false),
        ("http://h/", "http://h:81/", false),
        ("http://127.0.0.1/", "http://127.0.0.2/", false),
        ("http://h/", "http://h./", false),
        ("http://h.example/", "http://h.example.evil/", false),
    ])
    func `the origin of a URL has scheme, host and port`(one: String, other: String, same: Bool) throws {
        #expect(try (HTTPURL(parsing: one).origin == HTTPURL(parsing: other).origin) == same)
    }

    @Test(arguments: [
        ("http://h/m", "a/b c.bin", "http://h/m/a/b%20c.bin"),
        ("http://h/m/", "x", "http://h/m/x"),
        ("http://h", "100%?#.bin", "http://h/100%25%3F%23.bin"),
        ("http://h/m/?token=t", "x-_.~", "http://h/m/x-_.~?token=t"),
        ("http://h/", "ü", "http://h/%C3%BC"),
        ("http://h/", "a\u{301}", "http://h/a%CC%81"),
        ("http://h/", "a\\b", "http://h/a%5Cb"),
    ])
    func `appended paths are percent-encoded`(base: String, path: String, expected: String) throws {
        #expect(try HTTPURL(parsing: base).appending(path: path).absoluteString == expected)
    }

    @Test(arguments: ["", "..", "a/../b", "/a", "a/", "a//b", ".", "./a"])
    func `paths that lead elsewhere cannot be appended`(path: String) throws {
        let base = try HTTPURL(parsing: "http://h/m/")
        #expect(throws: TransferError.self) { try base.appending(path: path) }
    }

    @Test(arguments: [
        ("https://other.example/x", "https://other.example/x"),
        ("//other.example/x", "http://other.example/x"),
        ("/x?y", "http://h/x?y"),
        ("x", "http://h/a/x"),
        ("../x", "http://h/x"),
        ("?z", "http://h/a/b?z"),
        ("http://user:pw@h/x", "http://h/x"),
    ])
    func `locations are resolved`(location: String, expected: String) throws {
        #expect(try HTTPURL(parsing: "http://h/a/b?q").resolving(location: location).absoluteString == expected)
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://h/x", "http://", "/a b", "/a\r\nSet-Cookie: x", "", "/\u{FFFD}"])
    func `unsafe locations are refused`(location: String) throws {
        let url = try HTTPURL(parsing: "http://h/a")
        #expect(throws: TransferError.self) { try url.resolving(location: location) }
    }

    @Test func `a URL is printed without its secrets`() throws {
        let url = try HTTPURL(parsing: "https://user:hunter2@example.com/x?X-Amz-Signature=hunter2")
        #expect("\(url)" == "https://example.com/x?…")
        var dumped = ""
        dump(url, to: &dumped)
        let error = TransferError(.short, url: url)
        for text in ["\(url)", String(reflecting: url), dumped, "\([url])", "\(error)"] {
            #expect(!text.contains("hunter2"))
        }
    }

    @Test func `the error of an invalid URL does not contain its password`() {
        let error = #expect(throws: TransferError.self) { try HTTPURL(parsing: "http://u:hunter2@h:99999999/") }
        #expect(error.map { !"\($0)".contains("hunter2") } == true)
    }
}
