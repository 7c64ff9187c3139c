internal import ArgumentParser
internal import Logging

/// What a subcommand is about to do, and where it will have to write for that. Only a download writes at all.
struct CommandWork: Sendable {
    private let place: Sandbox.Place
    private let logger: Logger?
    /// How it reports what fails.
    let context: CommandContext
    let run: @Sendable () async throws -> Void

    /// Begins a download as far as that is possible on one thread, and without the network.
    init(_ command: any ParsableCommand) {
        let output = (command as? any TalkativeCommand)?.output
        logger = output?.context.logger
        context = output?.context ?? CommandContext()
        // The parser has made it, and nobody else has it.
        nonisolated(unsafe) let command = command
        if let download = command as? DownloadCommand {
            let (place, work) = download.prepare()
            self.place = place
            run = { try await download.run(work) }
        } else {
            place = .nowhere
            run = {
                if var command = command as? any AsyncParsableCommand {
                    try await command.run()
                } else {
                    // The help, and what else the parser has of its own.
                    var command = command
                    try command.run()
                }
            }
        }
    }

    /// To be called while there is one thread.
    func confine() {
        let words = Sandbox.confine(to: place)
        logger?.debug("\(words)")
    }
}

/// A subcommand that says as much as its options ask for.
protocol TalkativeCommand {
    var output: OutputOptions { get }
}

extension DownloadCommand: TalkativeCommand {}
extension VerifyCommand: TalkativeCommand {}
extension ListCommand: TalkativeCommand {}
