import Testing
import Transfer

@testable import ModelFetch

@Suite struct `The location of a source` {
    @Test(arguments: [
        ("http://h/a/", "http://h/a/"), ("HTTP://Host:80/a/../b", "HTTP://Host:80/a/../b"),
        ("https://user:pass@h/x", "https://h/x"), ("https://u@v@h/x", "https://h/x"), ("http://h", "http://h"),
        ("http://h/x?sig=secret", "http://h/x?…"), ("http://h?sig=secret@x", "http://h?…"),
        ("http://h/x#secret", "http://h/x"), ("http://u:p@h:8080?a#b", "http://h:8080?…"),
    ])
    func `is shown as it was typed, without what may be secret`(typed: String, shown: String) {
        #expect(Location.shown(typed) == shown)
    }

    @Test(arguments: ["h/x", "http:/h", #"http://u:p\@h/"#, "http://u/p@h/x", ""])
    func `is not shown where another parser may find a secret elsewhere`(typed: String) {
        #expect(Location.shown(typed) == nil)
    }

    private static func location(_ typed: String) throws -> Location {
        Location(base: try HTTPURL.parse(typed).0, typed: typed)
    }

    @Test(arguments: [
        ("http://h/a/", "x/y.bin", "http://h/a/x/y.bin", "http://h/a/x/y.bin"),
        ("http://h/a", "x", "http://h/a/x", "http://h/a/x"),
        ("HTTP://Host:80/a/", "x", "http://host/a/x", "HTTP://Host:80/a/x"),
        ("http://u:p@h/", "a b", "http://h/a%20b", "http://h/a%20b"),
    ])
    func `appends the path of a file`(typed: String, path: String, url: String, shown: String) throws {
        let location = try Self.location(typed)
        #expect(try location.url(for: ManifestPath(path)).absoluteString == url)
        #expect(location.shownURL(for: try ManifestPath(path)) == shown)
    }

    @Test func `is shown as it was typed in errors below it, and only there`() throws {
        let location = try Self.location("HTTP://Host:80/a/")
        for (url, shown) in [
            ("http://host/a/x", "HTTP://Host:80/a/x"), ("http://other/a/x", "http://other/a/x"),
        ] {
            let error = TransferError(.short, "detail", url: try HTTPURL(parsing: url))
            #expect(location.asTyped(error).url == shown)
        }
    }
}
