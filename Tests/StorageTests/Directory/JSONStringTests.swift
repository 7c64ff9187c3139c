import Storage
import Testing

@Suite struct `A JSON string` {
    struct Case: Sendable, CustomTestStringConvertible {
        let written: String
        let expected: Result<String, JSONString.Fault>
        /// Where reading ends; the end of what is written unless given.
        var position: Int?
        var testDescription: String { written }

        init(_ written: String, _ text: String, at position: Int? = nil) {
            self.written = written
            expected = .success(text)
            self.position = position
        }

        init(_ written: String, fails fault: JSONString.Fault, at position: Int? = nil) {
            self.written = written
            expected = .failure(fault)
            self.position = position
        }
    }

    // What follows the opening quotation mark.
    @Test(arguments: [
        Case(#"""#, ""),
        Case(#"plain" rest"#, "plain", at: 6),
        Case(#"é€😀""#, "é€😀"),
        Case(#"\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        Case(#"\u0041\u00e9\u20AC""#, "Aé€"),
        Case(#"\ud83d\ude00""#, "😀"),
        Case("", fails: .unterminated),
        Case("no end", fails: .unterminated),
        Case(#"no end\"#, fails: .unterminated),
        Case("a\nb\"", fails: .control(10), at: 1),
        Case(#"\x41""#, fails: .unknownEscape(UInt8(ascii: "x")), at: 2),
        Case(#"\u12"#, fails: .incompleteEscape),
        Case(#"\u12g4""#, fails: .incompleteEscape, at: 4),
        Case(#"\ud83d""#, fails: .loneSurrogate(0xD83D), at: 6),
        Case(#"\ud83dx""#, fails: .loneSurrogate(0xD83D), at: 6),
        Case(#"\ud83d\n""#, fails: .loneSurrogate(0xD83D), at: 7),
        Case(#"\ud83d\ud83d""#, fails: .loneSurrogate(0xD83D), at: 12),
        Case(#"\ude00""#, fails: .loneSurrogate(0xDE00), at: 6),
    ])
    func `is decoded, or refused where it is wrong`(_ test: Case) {
        let bytes = Array(test.written.utf8)
        var position = 0
        let result = Result { () throws(JSONString.Fault) in try JSONString.read(bytes, at: &position) }
        #expect(result == test.expected)
        #expect(position == test.position ?? bytes.count)
    }

    @Test func `that is not UTF-8 is refused`() {
        var position = 0
        #expect(throws: JSONString.Fault.notUTF8([0x61, 0xFF])) {
            try JSONString.read([0x61, 0xFF, UInt8(ascii: "\"")], at: &position)
        }
    }
}
