internal import ArgumentParser
internal import ModelFetch

/// The program: `modelfetch`, with `download` as what it does unless told otherwise.
struct ModelFetchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modelfetch",
        abstract: "Downloads machine-learning models over bad networks, and proves that they are right.",
        usage: """
            modelfetch <model> [<directory>] [<options>]
            modelfetch <subcommand> [<options>]
            """,
        discussion: """
            EXAMPLES
              modelfetch 124M                 GPT-2 124M into models/124M
              modelfetch 124M                 again: goes on, or skips what is done
              modelfetch 355M ~/gpt2 --limit-rate 5M
              modelfetch 355M ~/gpt2 --source http://mirror.example/gpt2/355M/
              modelfetch verify models/124M   is every byte still what it should be?
              modelfetch list                 the known models, and what is here

            The options of a download: modelfetch download --help

            EXIT STATUS
              0    everything is there and verified
              64   usage: bad arguments, unknown model
              65   data: wrong, damaged or missing files, or a bad manifest
              66   no such directory or manifest
              69   sources unavailable: what came is kept, try again later
              73   cannot create, read or write here
              75   another run holds the directory (--no-wait)
              76   every source answers something wrong or unsafe
              130, 143, 129   ended by SIGINT, SIGTERM, SIGHUP: what came is kept
            """,
        version: VersionText.text,
        subcommands: [
            DownloadCommand.self, VerifyCommand.self, ListCommand.self, ManifestCommand.self,
        ],
        defaultSubcommand: DownloadCommand.self)
}
