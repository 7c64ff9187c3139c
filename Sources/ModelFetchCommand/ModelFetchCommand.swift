internal import ArgumentParser
internal import ModelFetch

/// `modelfetch`, the root command; `download` is the default subcommand.
struct ModelFetchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modelfetch",
        abstract: "Downloads machine-learning models over unreliable networks and verifies every file.",
        usage: """
            modelfetch <model> [<directory>] [<options>]
            modelfetch <subcommand> [<options>]
            """,
        discussion: """
            EXAMPLES
              modelfetch 124M                download it to models/124M
              modelfetch 124M                the same again: resume
              modelfetch 355M ~/gpt2 --limit-rate 5M
              modelfetch 355M --source http://mirror.example/355M/
              modelfetch verify models/124M  hash every file again
              modelfetch list                the known models

            For the options of a download: modelfetch download --help

            EXIT STATUS
              0    every file is there and verified
              64   usage: bad arguments, unknown model
              65   wrong, damaged or missing files, or a bad manifest
              66   no such directory or manifest
              69   no source delivered: run it again later to resume
              73   cannot create, read or write here
              75   another run holds the directory (--no-wait)
              76   every source gave a wrong or unsafe answer
              130, 143, 129   ended by SIGINT, SIGTERM, SIGHUP
            """,
        version: VersionText.text,
        subcommands: [
            DownloadCommand.self, VerifyCommand.self, ListCommand.self, ManifestCommand.self,
        ],
        defaultSubcommand: DownloadCommand.self)
}
