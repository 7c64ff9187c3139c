import Testing

@testable import Transfer

@Suite struct `A validator` {
    @Test(arguments: [
        (#"200|etag: "abc""#, #"etag:"abc""#),
        (#"200|etag: """#, #"etag:"""#),
        (
            "200|last-modified: Sun, 06 Nov 1994 08:49:37 GMT|date: Sun, 06 Nov 1994 08:49:38 GMT",
            "date:Sun, 06 Nov 1994 08:49:37 GMT"
        ),
    ])
    func `the stored form of a validator can be read back`(text: String, form: String) throws {
        let validator = try #require(Validator(parsedHead(text)))
        #expect(validator.journalForm == form)
        #expect(Validator(journalForm: form) == validator)
        #expect("\(form)".utf8.elementsEqual((validator.journalForm).utf8))
    }

    @Test(arguments: [
        "200", #"200|etag: W/"abc""#, "200|etag: abc", #"200|etag: "a"b""#, "200|etag: \"a\u{1}b\"",
        #"200|etag: "a b""#,
        #"200|etag: "a"|etag: "b""#, "200|etag: \"\(String(repeating: "x", count: 300))\"", #"200|etag: ""#,
        "200|last-modified: Sun, 06 Nov 1994 08:49:37 GMT",
        "200|last-modified: Sun, 06 Nov 1994 08:49:37 GMT|date: Sun, 06 Nov 1994 08:49:37 GMT",
        "200|last-modified: yesterday|date: Sun, 06 Nov 1994 08:49:37 GMT",
        "200|etag: W/\"a\"|last-modified: Sun, 06 Nov 1994 08:49:37 GMT|date: Sun, 06 Nov 1994 08:49:39 GMT",
    ])
    func `only what If-Range may contain is a validator`(text: String) {
        #expect(Validator(parsedHead(text)) == nil)
    }

    @Test(arguments: ["", "etag:", "etag:abc", "date:now", "sha:x", #"etag:W/"x""#, "etag:\"\n\""])
    func `an invalid stored form is not a validator`(form: String) {
        #expect(Validator(journalForm: form) == nil)
    }
}
