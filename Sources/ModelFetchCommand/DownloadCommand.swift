internal import ArgumentParser
internal import Logging
internal import ModelFetch

/// `modelfetch download`, and what `modelfetch MODEL` does.
struct DownloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "download",
        abstract: "Bring a model's files into a directory, verified (the default).",
        discussion: """
            Files are written as NAME.partial and get their names only when their bytes hash to the manifest's SHA-256.
            Run it again after any interruption: it goes on from the very byte, and skips what is done.
            """)

    @Argument(help: "The model: 124M, 355M, 774M, 1558M, another name that 'list' shows, or a path to a manifest.")
    var model: String?

    @Argument(help: "Where the files belong; models/<size> unless given.")
    var directory: String?

    @Flag(help: "Audit the directory instead of downloading, as 'verify' does.")
    var verify = false

    @Option(help: ArgumentHelp("A manifest of your own, instead of a known model.", valueName: "file"))
    var manifest: String?

    @Option(
        help: ArgumentHelp("Only the files whose paths match, as in '*.json'; may be repeated.", valueName: "glob"))
    var only: [String] = []

    @Flag(help: "Hash files again that are known to be right.")
    var recheck = false

    @Flag(name: .customLong("require-sha256"), help: "Refuse files for which the manifest has no SHA-256.")
    var requireSHA256 = false

    @Flag(name: .customLong("no-wait"), help: "If another run works on the directory, end with 75 instead of waiting.")
    var noWait = false

    @Flag(name: .customLong("no-sync"), help: "Do not wait for the disk: faster, and not safe against a power cut.")
    var noSync = false

    @Flag(help: "Replace another file or another model that stands there, once the right one is verified.")
    var replace = false

    @Flag(name: .customLong("dry-run"), help: "Say what would be fetched from where, and change nothing.")
    var dryRun = false

    @Option(help: "How progress is shown: auto (bars on a terminal), bar, plain or none.")
    var progress = ProgressStyle.auto

    @OptionGroup(title: "SOURCES") var transfer: TransferCommandOptions
    @OptionGroup(title: "MANIFESTS") var manifests: ManifestDirectoryOptions
    @OptionGroup(title: "OUTPUT") var output: OutputOptions

    mutating func validate() throws {
        if manifest != nil {
            guard directory == nil else {
                throw ValidationError("With --manifest the model is left out: the only argument is the directory.")
            }
            (model, directory) = (nil, model)
        } else if model == nil {
            throw ValidationError("Which model? 'modelfetch list' shows the known ones; for example: modelfetch 124M")
        }
        if model?.isEmpty == true || directory?.isEmpty == true {
            throw ValidationError("A model or a directory needs a name: an argument is empty.")
        }
    }

    /// What is left to be done when everything is known that can be known without threads and the network.
    typealias Work = @Sendable () async throws -> Int32

    /// Finds out what is to be done, and makes the directory where there is something to be written.
    ///
    /// - Returns: with the work, the only place where it writes.
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
