import Testing

@testable import ModelFetch

@Suite struct `A source as messages show it` {
    @Test(arguments: [
        ("http://h/a/", "http://h/a/"), ("HTTP://Host:80/a/../b", "HTTP://Host:80/a/../b"),
        ("https://user:pass@h/x", "https://h/x"), ("https://u@v@h/x", "https://h/x"), ("http://h", "http://h"),
        ("http://h/x?sig=secret", "http://h/x?…"), ("http://h?sig=secret@x", "http://h?…"),
        ("http://h/x#secret", "http://h/x"), ("http://u:p@h:8080?a#b", "http://h:8080?…"),
    ])
    func `is what was typed, less what may be secret`(typed: String, shown: String) {
        #expect(Source.shown(typed) == shown)
    }

    @Test(arguments: ["h/x", "http:/h", #"http://u:p\@h/"#, "http://u/p@h/x", ""])
    func `is not told where another reader may find a secret elsewhere`(typed: String) {
        #expect(Source.shown(typed) == nil)
    }
}
