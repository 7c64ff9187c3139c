internal import ArgumentParser
internal import Dispatch

@main
enum Main {
    /// Not async: that would begin on a thread of the pool, and what a thread gives up is given up only for those that it makes.
    static func main() {
        ProcessSetup.prepare()
        if let lines = ShellCompletion.answer(to: Array(CommandLine.arguments.dropFirst())) {
            for line in lines { print(line) }
            ModelFetchCommand.exit()
        }
        let work: CommandWork
        do {
            work = try CommandWork(ModelFetchCommand.parseAsRoot())
        } catch {
            end(with: error)
        }
        work.confine()
        Interruption.watch()
        Task {
            // libdispatch opens a descriptor for the timers of each clock when the first one is set, and traps where there is
            // none left: better now than in the middle of a download. What is due at once sets no timer, so it is a moment.
            try? await Task.sleep(for: .milliseconds(1), clock: .continuous)
            try? await Task.sleep(for: .milliseconds(1), clock: .suspending)
            do {
                try await work.run()
                ModelFetchCommand.exit()
            } catch {
                end(with: error)
            }
        }
        dispatchMain()
    }

    /// What the parser has to say of a misuse, in the voice of all other errors; help and the version go to stdout.
    private static func end(with error: any Error) -> Never {
        let text = ModelFetchCommand.fullMessage(for: error)
        let prefix = "Error: "
        guard text.hasPrefix(prefix) else { ModelFetchCommand.exit(withError: error) }
        for line in ("error: " + text.dropFirst(prefix.count)).split(separator: "\n", omittingEmptySubsequences: false)
        {
            Console.shared.err(String(line))
        }
        ModelFetchCommand.exit(withError: ExitCode(ModelFetchCommand.exitCode(for: error).rawValue))
    }
}
