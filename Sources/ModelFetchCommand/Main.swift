internal import ArgumentParser

@main
enum Main {
    static func main() async {
        ProcessSetup.prepare()
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
