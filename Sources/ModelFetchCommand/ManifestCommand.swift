internal import ArgumentParser
internal import ModelFetch

/// `modelfetch manifest`: shows and checks manifests.
struct ManifestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manifest", abstract: "Show and check manifests.", subcommands: [Show.self, Check.self])

    /// `modelfetch manifest show`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Print a model's manifest as JSON.")

        @Argument(help: "The model, or the path of a manifest.")
        var model: String

        @OptionGroup(title: "MANIFESTS") var manifests: ManifestDirectoryOptions

        func run() async throws {
            let context = CommandContext()
            try await context.reportFailures {
                let catalog = manifests.catalog()
                do throws(ManifestError) {
                    let text = try catalog.resolve(model).manifest.withoutCredentials.json()
                    for line in text.split(separator: "\n") { Console.shared.out(String(line)) }
                } catch {
                    throw UsageSuggestion.of(error, asked: model, in: catalog)
                }
                return 0
            }
        }
    }

    /// `modelfetch manifest check`.
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check", abstract: "Check your own manifests, and report what is wrong and where.")

        @Argument(help: "Manifest files.")
        var files: [String]

        func run() async throws {
            let context = CommandContext()
            try await context.reportFailures {
                var statuses: [Int32] = []
                for file in files {
                    do throws(ManifestError) {
                        let loaded = try ManifestCatalog.load(file)
                        context.warn(about: loaded.warnings)
                        let manifest = loaded.manifest
                        let pinned = manifest.files.count { $0.isPinned }
                        Console.shared.out(
                            "\(manifest.name): \(Formatting.count(manifest.files.count, "file")), "
                                + "\(Formatting.bytes(manifest.plannedBytes)), \(pinned) with a SHA-256, "
                                + Formatting.count(manifest.sources.count, "source"))
                    } catch {
                        let errors = ManifestCatalog.errors(in: file)
                        for error in errors.isEmpty ? [error] : errors {
                            statuses.append(context.report(Failure(error)))
                        }
                    }
                }
                return ExitStatus.worst(of: statuses)
            }
        }
    }
}
