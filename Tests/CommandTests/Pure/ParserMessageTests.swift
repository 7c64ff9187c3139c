import Testing

@testable import ModelFetchCommand

/// What the argument parser repeats of a command line, and what is left of it.
struct ParserMessageTests {
    @Test(arguments: [
        (["124M", "a", "b"], "Unexpected argument 'b'", "Unexpected argument 'b'"),
        (["124M", "--header", "A:", "b"], "Unexpected argument 'b'", "Unexpected argument '…'"),
        (["124M", "--header=A:", "b", "c"], "2 unexpected arguments: 'b', 'c'", "2 unexpected arguments: '…', '…'"),
        (["124M", "a", "http://u:p@h/"], "Unexpected argument 'http://u:p@h/'", "Unexpected argument '…'"),
        (["--netrc=u:p@h"], "but 'u:p@h' was specified.", "but '…' was specified."),
        (["--retries", "x"], "The value 'x' is invalid", "The value 'x' is invalid"),
        (["--source", "http://h/", "--limit-rate", "5X"], "The value '5X' is invalid", "The value '5X' is invalid"),
        (["--header", "A:", "--limit-rate=5X", "b"], "The value '5X' is invalid", "The value '5X' is invalid"),
        (["--source", "abc", "--quiet"], "The value 'abc' is invalid", "The value '…' is invalid"),
    ])
    func `words that may be secrets are not repeated`(arguments: [String], message: String, shown: String) {
        #expect(ParserMessage.withoutSecrets(message, ["modelfetch"] + arguments) == shown)
    }
}
