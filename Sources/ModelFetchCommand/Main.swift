internal import ArgumentParser

@main
enum Main {
    static func main() async {
        ProcessSetup.prepare()
        // libdispatch opens a descriptor for the timers of each clock when the first one is set, and traps where there is none
        // left: better now than in the middle of a download. What is due at once sets no timer, so it is a moment.
        try? await Task.sleep(for: .milliseconds(1), clock: .continuous)
        try? await Task.sleep(for: .milliseconds(1), clock: .suspending)
        do {
            var command = try ModelFetchCommand.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            ModelFetchCommand.exit(withError: error)
        }
    }
}
