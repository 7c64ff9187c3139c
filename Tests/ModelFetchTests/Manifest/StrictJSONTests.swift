import Testing

@testable import ModelFetch

@Suite struct `Strict JSON` {
    private func fault(_ bytes: [UInt8]) -> JSONFault? {
        #expect(throws: JSONFault.self) { try StrictJSON.parse(bytes) }
    }

    @Test(arguments: [
        (#"{}"#, "{}"), (#" [ ] "#, "[]"), ("\t\r\n[1,-2 , 3]", "[1, -2, 3]"), ("0", "0"), ("true", "true"),
        (#"[null,false,""]"#, #"[null, false, ""]"#),
        ("9007199254740992", "9007199254740992"), ("-9007199254740992", "-9007199254740992"),
        (#""\"\\\/\b\f\n\r\t\u00e9""#, #""\"\\/\u0008\u000c\n\u000d\u0009é""#),
        (#""\uD83D\uDE00""#, #""😀""#), (#""\u0000""#, #""\u0000""#), (#""\u202E""#, #""\u202e""#),
        // Not duplicates: the bytes differ.
        (#"{"\u00e9":1,"e\u0301":2}"#, "{\n  \"\u{E9}\": 1,\n  \"e\u{301}\": 2\n}"),
        (#"{"a":[{"b":[]},1]}"#, "{\n  \"a\": [\n    {\n      \"b\": []\n    },\n    1\n  ]\n}"),
    ])
    func `reads what RFC 8259 allows, and writes it back readably`(json: String, text: String) throws {
        #expect(try StrictJSON.parse(Array(json.utf8)).text() == text)
        #expect(try StrictJSON.parse(Array(text.utf8)).text() == text)
    }

    static let bad: [(json: String, path: String, reason: String)] = [
        ("", "$", "ends too early"), ("  ", "$", "ends too early"), ("[1,", "$[1]", "ends too early"),
        (#"{"a":"#, "$.a", "ends too early"), (#"{"a""#, "$.a", "ends too early"), ("[1", "$[1]", "ends too early"),
        (#"["a"#, "$[0]", "middle of a string"), (#"["a\"#, "$[0]", "middle of a string"),
        ("[1]]", "$", "after the end"), ("{} x", "$", "after the end"), ("1 2", "$", "after the end"),
        ("{}\u{0}", "$", "UTF-16"), ("{   }\u{0}", "$", "after the end"),
        ("[1,]", "$[1]", "where a value"), ("[,1]", "$[0]", "where a value"), ("[1 2]", "$[1]", "where “,”"),
        (#"{"a":1,}"#, "$", "where a key"), ("{a:1}", "$", "where a key"), (#"{"a" 1}"#, "$.a", "where “:”"),
        (#"{"a":1]"#, "$", "end of the object"), ("[1}", "$[1]", "end of the array"), ("'a'", "$", "where a value"),
        ("// no\n1", "$", "where a value"), ("nul", "$", "where a value"), ("True", "$", "where a value"),
        ("NaN", "$", "where a value"), ("Infinity", "$", "where a value"), ("\u{A0}1", "$", "byte 0xc2"),
        // Numbers that some readers round, and some refuse.
        ("[1.0]", "$[0]", "not 1.0"), ("1e3", "$", "not 1e3"), ("1E+3", "$", "not 1E+3"), ("01", "$", "not 01"),
        ("-0", "$", "not -0"), ("-", "$", "not -"), ("-01", "$", "not -01"), ("+1", "$", "where a value"),
        (".5", "$", "where a value"), ("1.", "$", "not 1."), ("1-2", "$", "not 1-2"),
        ("9007199254740993", "$", "2^53"), ("-9007199254740993", "$", "2^53"),
        ("9223372036854775808", "$", "2^53"), ("99999999999999999999999999", "$", "2^53"),
        // Strings.
        ("\"a\nb\"", "$", "\\u{A}"), ("\"\u{1F}\"", "$", "\\u{1F}"), (#""\x41""#, "$", "unknown escape"),
        (#""\u12""#, "$", "four hexadecimal"), (#""\u12g4""#, "$", "four hexadecimal"), (#""\u+123""#, "$", "four"),
        (#"["\ud800"]"#, "$[0]", "surrogate"), (#""\udc00""#, "$", "surrogate"), (#""\ud800\ud800""#, "$", "surrogate"),
        (#""\ud800\n""#, "$", "surrogate"), (#""\ud800\u0041""#, "$", "surrogate"),
        (#""\ude00\ud83d""#, "$", "surrogate"),
        // Keys are compared as they are read, not as they are written.
        (#"{"a":1,"a":1}"#, "$.a", "twice"), (#"{"x":[{"a":1,"\u0061":2}]}"#, "$.x[0].a", "twice"),
        (#"{"":1,"":2}"#, #"$[""]"#, "twice"), (#"{"a\u001b\"":1,"a\u001b\"":1}"#, #"$["a\u{1B}\u{22}"]"#, "twice"),
        // The path leads there.
        (#"{"files":[{},{},{},{"size":1.5}]}"#, "$.files[3].size", "not 1.5 (line 1, column"),
        ("{\n \"a\": [\n  1,\n  x\n ]\n}", "$.a[1]", "(line 4, column 3)"),
    ]

    @Test(arguments: bad)
    func `refuses what two readers might understand differently, and says where it is`(
        json: String, path: String, reason: String
    ) {
        let fault = fault(Array(json.utf8))
        #expect(fault?.path.description == path)
        #expect(fault?.reason.contains(reason) == true, "\(fault?.reason ?? "")")
    }

    static let encodings: [(bytes: [UInt8], reason: String)] = [
        ([0xEF, 0xBB, 0xBF] + Array("{}".utf8), "byte order mark"),
        ([0xFF, 0xFE] + "{}".utf16.flatMap { [UInt8($0), 0] }, "UTF-16"),
        ([0xFE, 0xFF] + "{}".utf16.flatMap { [0, UInt8($0)] }, "UTF-16"),
        ("{}".utf16.flatMap { [UInt8($0), 0] }, "UTF-16"),
        ("{}".utf16.flatMap { [0, UInt8($0)] }, "UTF-16"),
        ([0x22, 0xE9, 0x22], "not valid UTF-8"),
        ([0x22, 0xC0, 0xAF, 0x22], "not valid UTF-8"),
        ([0x22, 0xED, 0xA0, 0x80, 0x22], "not valid UTF-8"),
        ([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], "not valid UTF-8"),
        ([0x22, 0xE2, 0x82, 0x22], "not valid UTF-8"),
    ]

    @Test(arguments: encodings)
    func `is UTF-8, valid and without a mark`(bytes: [UInt8], reason: String) {
        #expect(fault(bytes)?.reason.contains(reason) == true)
    }

    @Test(.timeLimit(.minutes(10)), arguments: ["[", "{\"a\":", "[{\"a\":"])
    func `is nested 64 deep at most, and does not crash on 100,000 brackets`(opening: String) {
        let fault = fault(Array(String(repeating: opening, count: 100_000).utf8))
        #expect(fault?.reason.contains("more than 64 deep") == true)
        #expect(fault?.path.steps.count == 64)
    }

    @Test func `may be nested 64 deep`() throws {
        let json = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(throws: Never.self) { try StrictJSON.parse(Array(json.utf8)) }
        #expect(fault(Array("[\(json)]".utf8)) != nil)
    }

    @Test(.timeLimit(.minutes(10)))
    func `has a million values at most, and takes time in proportion`() throws {
        func zeros(_ count: Int) -> [UInt8] { Array(("[" + String(repeating: "0,", count: count) + "0]").utf8) }
        #expect(throws: Never.self) { try StrictJSON.parse(zeros(999_998)) }
        #expect(fault(zeros(999_999))?.reason.contains("more than 1000000 values") == true)
    }

    @Test(.timeLimit(.minutes(10)))
    func `may have a hundred thousand keys in one object`() throws {
        let json = "{" + (0..<100_000).map { "\"\($0)\":0" }.joined(separator: ",") + "}"
        #expect(throws: Never.self) { try StrictJSON.parse(Array(json.utf8)) }
    }

    @Test func `is refused unread over 16 MiB`() {
        // Not even JSON: nothing looked at it.
        let fault = fault([UInt8](repeating: 0xFF, count: (16 << 20) + 1))
        #expect(fault?.reason == "is larger than 16 MiB")
    }
}
