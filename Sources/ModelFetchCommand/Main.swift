internal import ArgumentParser
internal import Dispatch
internal import Glibc
internal import ModelFetch

@main
enum Main {
    /// Not async: that would begin on a thread of the pool, and what a thread gives up is given up only for those that it makes.
    static func main() {
        ProcessSetup.prepare()
        let arguments = Array(CommandLine.arguments.dropFirst())
        if let lines = ShellCompletion.answer(to: arguments, root: ModelFetchCommand.self) {
            Console.shared.out(text: lines.map { $0 + "\n" }.joined())
            end(with: ExitCode.success)
        }
        let work: CommandWork
        do {
            work = try CommandWork(ModelFetchCommand.parseAsRoot())
        } catch {
            end(with: error)
        }
        work.confine()
        do {
            try ProcessSetup.checkLimits()
            try SignalHandling.watch()
            // Last, so that the thread above is not one of those that the runtime needs.
            try ProcessSetup.checkThreads()
        } catch {
            end(with: error, of: work)
        }
        Task {
            // libdispatch opens a descriptor for the timers of each clock when the first one is set, and traps where there is
            // none left: better now than in the middle of a download. What is due at once sets no timer, so it is a moment.
            try? await Task.sleep(for: .milliseconds(1), clock: .continuous)
            try? await Task.sleep(for: .milliseconds(1), clock: .suspending)
            do {
                try await work.run()
                end(with: ExitCode.success)
            } catch {
                end(with: error)
            }
        }
        dispatchMain()
    }

    /// What was found out before the work began, as the work would have said it.
    private static func end(with failure: Failure, of work: CommandWork) -> Never {
        let status = work.context.report(failure)
        end(with: ExitCode(status))
    }

    /// What the parser has to say of a misuse, in the voice of all other errors; help and the version go to stdout.
    private static func end(with error: any Error) -> Never {
        let status = ModelFetchCommand.exitCode(for: error).rawValue
        if let signal = SignalHandling.received, status == ExitStatus.ofSignal(signal) {
            SignalHandling.end(by: signal)
        }
        let text = ModelFetchCommand.fullMessage(for: error)
        guard status != 0 else {
            if !text.isEmpty { Console.shared.out(text: text + "\n") }
            guard let reason = Console.shared.lostOutput else { exit(0) }
            Console.shared.err("error: stdout could not be written: \(reason)")
            exit(ExitStatus.cannotWrite)
        }
        let prefix = "Error: "
        if text.hasPrefix(prefix) {
            let message = ParserMessage.withoutSecrets(String(text.dropFirst(prefix.count)), CommandLine.arguments)
            for line in ("error: " + message).split(separator: "\n", omittingEmptySubsequences: false) {
                Console.shared.err(String(line))
            }
        } else if !text.isEmpty {
            Console.shared.err(text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
        }
        exit(status)
    }
}
