internal import ArgumentParser
internal import Logging

/// A parsed subcommand, ready to run, and the only place where it will write. Only a download writes at all.
struct CommandWork: Sendable {
    private let place: Sandbox.Place
    private let logger: Logger?
    /// How it reports failures.
    let context: CommandContext
    let run: @Sendable () async throws -> Void

    /// Prepares a download as far as that is possible on one thread and without the network.
    init(_ command: any ParsableCommand) {
        let output = (command as? any CommandWithOutput)?.output
        logger = output?.context.logger
        context = output?.context ?? CommandContext()
        // The parser has just created it, so that nothing else refers to it.
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
                    // The help and other commands of the parser's own.
                    var command = command
                    try command.run()
                }
            }
        }
    }

    /// Call this while the process has only one thread.
    func confine() {
        let words = Sandbox.confine(to: place)
        logger?.debug("\(words)")
    }
}

/// A subcommand with options for how much is printed.
protocol CommandWithOutput {
    var output: OutputOptions { get }
}

extension DownloadCommand: CommandWithOutput {}
extension VerifyCommand: CommandWithOutput {}
extension ListCommand: CommandWithOutput {}
