import Testing

@testable import Transfer

@Suite struct `The grammar of header fields` {
    @Test(arguments: [
        ("Accept", true), ("X-Token_1", true), ("!#$%&'*+-.^_`|~", true), ("", false), ("two words", false),
        ("colon:", false), ("line\r\n", false), ("(comment)", false), ("ü", false), ("a/b", false), ("a\"", false),
    ])
    func `only tokens are names of header fields`(name: String, isName: Bool) {
        #expect(HeaderRules.isName(name) == isName)
        #expect(HeaderRules.isName(Array(name.utf8)) == isName)
    }

    @Test(arguments: [
        ("", true), ("Bearer abc", true), ("tab\tinside", true), ("ü", true), ("line\nbreak", false), ("nul\0", false),
        ("carriage\rreturn", false), ("delete\u{7F}", false), ("\u{FFFD}", false),
    ])
    func `values cannot end a header field`(value: String, isValue: Bool) {
        #expect(HeaderRules.isValue(value) == isValue)
    }

    @Test func `fields for ranges and framing are reserved`() {
        for name in ["Range", "IF-RANGE", "host", "Content-Length", "Transfer-Encoding", "Proxy-Authorization"] {
            #expect(HeaderRules.isReserved(name), "\(name)")
        }
        for name in ["Authorization", "X-Range", "Cookie", "User-Agent"] {
            #expect(!HeaderRules.isReserved(name), "\(name)")
        }
    }
}
