internal import ArgumentParser
internal import ModelFetch

/// The program: `modelfetch`, with `download` as what it does unless told otherwise.
struct ModelFetchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modelfetch",
        abstract: "Downloads machine-learning models over bad networks, and proves that they are right.",
        discussion: """
            EXAMPLES
              modelfetch 124M                    the seven files of GPT-2 124M into models/124M
              modelfetch 124M                    again: goes on where it was interrupted, skips what is done
              modelfetch verify models/124M      is every byte still what it should be?
              modelfetch 355M ~/gpt2/355M --limit-rate 5M --source http://mirror.example/gpt2/355M/
              modelfetch list                    the known models, and what of them is here

            EXIT STATUS
              0 all there and verified · 64 usage · 65 wrong or missing data · 66 no such directory or manifest
              69 sources unavailable, try again later · 73 cannot write here · 75 directory in use
              76 sources answer something wrong or unsafe · 130/143/129 interrupted, everything received is kept
            """,
        version: VersionText.text,
        subcommands: [
            DownloadCommand.self, VerifyCommand.self, ListCommand.self, ManifestCommand.self,
        ],
        defaultSubcommand: DownloadCommand.self)
}
