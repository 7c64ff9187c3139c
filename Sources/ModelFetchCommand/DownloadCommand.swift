internal import ArgumentParser
internal import Logging
internal import ModelFetch

/// `modelfetch download`, which is also what `modelfetch MODEL` runs.
struct DownloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "download",
        abstract: "Download a model and verify every file (the default).",
        discussion: """
            A file is written as NAME.partial and gets its name only when its SHA-256 matches the manifest's.
            Run it again after any interruption: it resumes where it stopped, and skips what is complete.
            """)

    @Argument(help: "124M, 355M, 774M, 1558M, another name that 'list' shows, or the path of a manifest.")
    var model: String?

    @Argument(help: "The directory for the files; models/<size> by default.")
    var directory: String?

    @Flag(help: "Audit the directory instead of downloading, as 'verify' does.")
    var verify = false

    @Option(help: ArgumentHelp("Use your own manifest instead of a known model.", valueName: "file"))
    var manifest: String?

    @Option(
        help: ArgumentHelp(
            "Download only files whose paths match, as in '*.json'; may be repeated.", valueName: "glob"))
    var only: [String] = []

    @Flag(help: "Hash files again even if they were verified before.")
    var recheck = false

    @Flag(name: .customLong("require-sha256"), help: "Refuse files without a SHA-256 in the manifest.")
    var requireSHA256 = false

    @Flag(
        name: .customLong("no-wait"),
        help: "Exit with 75 instead of waiting if another run is working on the directory.")
    var noWait = false

    @Flag(name: .customLong("no-sync"), help: "Do not flush files to disk: faster, but not safe against a power cut.")
    var noSync = false

    @Flag(help: "Replace different files or another model in the directory, once the right files are verified.")
    var replace = false

    @Flag(name: .customLong("dry-run"), help: "Print what would be downloaded and from where, and change nothing.")
    var dryRun = false

    @Option(help: "How to show progress: auto (bars on a terminal), bar, plain or none.")
    var progress = ProgressStyle.auto

    @OptionGroup(title: "SOURCES") var transfer: TransferCommandOptions
    @OptionGroup(title: "MANIFESTS") var manifests: ManifestDirectoryOptions
    @OptionGroup(title: "OUTPUT") var output: OutputOptions

    mutating func validate() throws {
        if manifest != nil {
            guard directory == nil else {
                throw ValidationError("With --manifest the only argument is the directory.")
            }
            (model, directory) = (nil, model)
        } else if model == nil {
            throw ValidationError("Which model? 'modelfetch list' shows the known ones; for example: modelfetch 124M")
        }
        if model?.isEmpty == true || directory?.isEmpty == true {
            throw ValidationError("The model or the directory is missing: an argument is empty.")
        }
    }

    /// The part of the command that needs threads or the network; it returns the exit status.
    typealias Work = @Sendable () async throws -> Int32

    /// Does everything that is possible without threads and the network, and creates the directory if anything will be written.
    ///
    /// - Returns: the rest of the work, and the only place where it writes.
    func prepare() -> (Sandbox.Place, Work) {
        let context = output.context
        do {
            let catalog = manifests.catalog()
            context.warn(about: catalog)
            let loaded = try loadManifest(catalog)
            if manifest != nil || ManifestCatalog.isPath(model ?? "") { context.warn(about: loaded.warnings) }
            if manifest != nil, let directory, (try? catalog.find(directory)) != nil {
                context.logger.warning("with --manifest “\(printable(directory))” is the directory, not the model")
            }
            if let directory, let failure = UsageSuggestion.of(directory: directory) { throw failure }
            let directory = directory ?? "models/" + loaded.manifest.directory
            try transfer.checkFiles()
            if verify { return (.nowhere, { await AuditRunner(context).run([(loaded, directory)]) }) }
            let download = ModelDownload(
                loaded.manifest, into: directory, options: options(), known: catalog.manifests.map(\.manifest))
            if dryRun { return (.nowhere, { try DryRunPrinter(context).run(download, origin: loaded.origin) }) }
            let runner = DownloadRunner(context, loaded, progress: progress)
            if let report = download.prepare() { return (.nowhere, { runner.finish(report) }) }
            return (.beneath(directory), { await runner.run(download) })
        } catch {
            return (.nowhere, { throw error })
        }
    }

    func run(_ work: Work) async throws {
        try await output.context.reportFailures(model: model, directory: directory, work)
    }

    private func options() -> DownloadOptions {
        var options = DownloadOptions()
        transfer.apply(to: &options)
        options.selection = Selection(patterns: only)
        options.recheck = recheck
        options.requireSHA256 = requireSHA256
        options.waitsForLock = !noWait
        options.isDurable = !noSync
        options.replacesForeignFiles = replace
        return options
    }

    private func loadManifest(_ catalog: ManifestCatalog) throws -> LoadedManifest {
        do throws(ManifestError) {
            if let manifest { return try ManifestCatalog.load(manifest) }
            return try catalog.resolve(model ?? "")
        } catch {
            let commands = ModelFetchCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
            throw UsageSuggestion.of(model ?? "", commands: commands)
                ?? UsageSuggestion.of(error, asked: model, in: catalog)
        }
    }
}
