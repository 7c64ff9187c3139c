import Testing

@testable import ModelFetch

@Suite struct `Printable text` {
    @Test(arguments: [
        ("plain", "plain"), ("caf\u{E9} 日本 \u{1F600}", "caf\u{E9} 日本 \u{1F600}"), ("", ""),
        ("\u{1B}[31mred", "\\u{1B}[31mred"), ("a\r\nb", "a\\u{D}\\u{A}b"), ("\0", "\\u{0}"), ("\u{7F}", "\\u{7F}"),
        ("\u{9B}2J", "\\u{9B}2J"), ("\u{202E}fdp.exe", "\\u{202E}fdp.exe"), ("\u{2028}", "\\u{2028}"),
        ("\u{200B}\u{FEFF}\u{AD}", "\\u{200B}\\u{FEFF}\\u{AD}"), ("\u{E0041}", "\\u{E0041}"),
        // So that an escape in the text itself cannot pass for one of ours.
        ("\\u{1B}", "\\u{5C}u{1B}"),
    ])
    func `shows what a terminal would obey`(text: String, shown: String) {
        #expect(printable(text).utf8.elementsEqual(shown.utf8))
    }

    @Test func `is cut to its limit, combining marks counted`() {
        #expect(printable("abcdef", limit: 3) == "abc…")
        #expect(printable("abc", limit: 3) == "abc")
        #expect(printable("a" + String(repeating: "\u{301}", count: 1000), limit: 10).unicodeScalars.count == 11)
    }

    @Test func `is made of bytes that are no text, too`() {
        #expect(printable([0x61, 0xFF, 0x1B]) == "a\u{FFFD}\\u{1B}")
        #expect(printable([UInt8](repeating: 0x61, count: 1 << 20), limit: 3) == "aaa…")
    }
}
