internal import ArgumentParser
internal import ModelFetch

/// `modelfetch verify`.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Hash every file of model directories, and report what is damaged, missing or extra.",
        usage: "modelfetch verify [<options>] [<directories> ...]",
        discussion: """
            Reads every file, whatever earlier runs recorded, and writes nothing. The model is recognised by the directory's
            records, its small files, or its name. Symbolic links to files are followed.
            """)

    @Argument(
        help: ArgumentHelp(
            "Model directories, or names of models in models/; by default every directory in models/.",
            valueName: "directories"))
    var directories: [String] = []

    @OptionGroup(title: "MODEL") var choice: ManifestChoiceOptions
    @OptionGroup(title: "MANIFESTS") var manifests: ManifestDirectoryOptions
    @OptionGroup(title: "OUTPUT") var output: OutputOptions

    func run() async throws {
        let context = output.context
        try await context.reportFailures(model: choice.model) {
            let catalog = manifests.catalog()
            context.warn(about: catalog)
            let chosen = try choice.loaded(from: catalog)
            if choice.manifest != nil, let chosen { context.warn(about: chosen.warnings) }
            var audits: [(LoadedManifest, String)] = []
            var status: Int32 = 0
            let audited = AuditedDirectories(catalog)
            let directories = try audited.resolve(directories)
            for directory in directories {
                do {
                    audits.append((try chosen ?? ModelLookup(catalog).manifest(of: directory), directory))
                } catch {
                    // The other directories are audited nevertheless.
                    let error = audited.suggestion(for: directory, failedWith: error) ?? error
                    status = context.report(error, model: choice.model, directory: directory)
                }
            }
            return await AuditRunner(context).run(audits, failed: directories.count - audits.count, status: status)
        }
    }
}
