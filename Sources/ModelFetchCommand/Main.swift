internal import ArgumentParser
internal import Dispatch
internal import Glibc
internal import ModelFetch

@main
enum Main {
    /// Not `async`: that would start on a thread of the pool, and Landlock confines only the calling thread and those that it starts.
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
            // Last, so that the thread above is not counted among those that the runtime needs.
            try ProcessSetup.checkThreads()
        } catch {
            end(with: error, of: work)
        }
        Task {
            // libdispatch opens a descriptor for the timers of each clock when the first timer is set, and traps if there is none
            // left: better now than during a download. A timer that is already due would not be set at all.
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

    /// Reports a failure from before the work began, as the work itself would have.
    private static func end(with failure: Failure, of work: CommandWork) -> Never {
        let status = work.context.report(failure)
        end(with: ExitCode(status))
    }

    /// Prints what the parser says: errors like all other errors, help and the version on stdout.
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
