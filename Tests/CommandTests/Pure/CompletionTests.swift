import Testing

@testable import ModelFetchCommand

/// What may stand at the end of a command line.
struct CompletionTests {
    private let completion: Completion

    init() throws {
        let models = ["gpt2-124M", "124M", "tiny"].map { Completion.Candidate(word: $0, description: "a model") }
        completion = Completion(try #require(CommandTree(of: ModelFetchCommand.self)), models: models)
    }

    private static let subcommands = ["download", "help", "list", "manifest", "verify"]

    @Test(
        arguments: [
            ([""], subcommands + ["124M", "gpt2-124M", "tiny"]), (["t"], ["tiny"]), (["ver"], ["verify"]),
            (["verify", "ti"], ["tiny"]), (["manifest", ""], ["check", "show"]), (["manifest", "show", "1"], ["124M"]),
            (["download", "1"], ["124M"]), (["124M", "x"], []), (["--lim"], ["--limit-rate"]),
            (["--ver"], ["--verbose", "--verify", "--version"]), (["124M", "--lim"], ["--limit-rate"]),
            (["verify", "--mo"], ["--model"]), (["verify", "--lim"], []), (["verify", "--model", "t"], ["tiny"]),
            (["--progress", "p"], ["plain"]), (["--progress=p"], ["--progress=plain"]),
            // As bash cuts it.
            (["--progress", "=", "p"], ["plain"]), (["--progress", "="], ["auto", "bar", "none", "plain"]),
            (["--limit-rate", "5M", "t"], ["tiny"]), (["--json", "t"], ["tiny"]), (["--", "--li"], []),
            (["help", "ver"], ["verify"]), ([], subcommands + ["124M", "gpt2-124M", "tiny"]),
        ] as [([String], [String])])
    func `offers subcommands, models, options and their values`(words: [String], offered: [String]) {
        #expect(completion.answer(to: words).candidates.map(\.word).sorted() == offered.sorted())
    }

    @Test(arguments: [
        ([""], false), (["124M", ""], true), (["--manifest", ""], true), (["--manifest", "m.json", ""], true),
        (["./m"], true), (["verify", ""], true), (["list", ""], false), (["--retries", ""], false),
        (["manifest", "check", ""], true), (["--cacert", ""], true), (["--source", ""], false),
    ])
    func `offers files where files belong`(words: [String], takesFiles: Bool) {
        #expect(completion.answer(to: words).takesFiles == takesFiles)
    }

    @Test func `every option has its description`() {
        let answer = completion.answer(to: ["--"])
        #expect(answer.candidates.count > 25)
        #expect(answer.candidates.allSatisfy { !$0.description.isEmpty })
    }
}
