import ModelFetch
import Testing

struct HeaderFieldTests {
    @Test(
        arguments: [
            ("A: b", "A", "b"), ("A:b", "A", "b"), ("A:", "A", ""), ("X-Key:  \t v w ", "X-Key", "v w "),
            ("A: b: c", "A", "b: c"),
            ("!#$%&'*+-.^_`|~: x", "!#$%&'*+-.^_`|~", "x"), ("A: grüße", "A", "grüße"),
        ])
    func `a header field is a token, a colon and a value`(text: String, name: String, value: String) {
        let field = HeaderField(text)
        #expect(field?.name == name && field?.value == value)
    }

    @Test(arguments: [
        "", ":", ": b", "A", "A b: c", "A : b", "Ä: b", "A: b\r\nC: d", "A: b\nC: d", "A: \u{0}", "A: \u{7F}", "(A): b",
    ])
    func `anything else is no header field`(text: String) {
        #expect(HeaderField(text) == nil)
    }
}
