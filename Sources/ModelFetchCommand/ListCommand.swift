internal import ArgumentParser
internal import ModelFetch

/// `modelfetch list`.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the known models, and which of their files are in models/.")

    @OptionGroup(title: "MANIFESTS") var manifests: ManifestDirectoryOptions
    @OptionGroup(title: "OUTPUT") var output: OutputOptions

    func run() async throws {
        let context = output.context
        try await context.reportFailures {
            let catalog = manifests.catalog()
            context.warn(about: catalog)
            let problem = catalog.problems.first.map { Failure($0) }
            let status = ExitStatus.of(problem?.kind)
            let rows = catalog.manifests.map { Row($0) }
            if output.json {
                for row in rows { context.print(row.json) }
                context.print(FinalReport(status: status, failure: problem.map { CommandFailure($0) }).json)
            } else {
                for line in Table.lines([Row.headings] + rows.map(\.cells)) { Console.shared.out(line) }
            }
            return status
        }
    }

    private struct Row {
        static let headings = ["MODEL", "ALSO", "FILES", "BYTES", "SHA-256 KNOWN", "HERE"]

        let manifest: Manifest
        let origin: ManifestOrigin
        let directory: String
        let presence: ModelPresence

        init(_ loaded: LoadedManifest) {
            manifest = loaded.manifest
            origin = loaded.origin
            directory = "models/" + loaded.manifest.directory
            presence = ModelPresence(of: loaded.manifest, in: directory)
        }

        private var pinned: Int { manifest.files.count { $0.isPinned } }

        var cells: [String] {
            [
                manifest.name, manifest.aliases.joined(separator: ", "), "\(manifest.files.count)",
                Formatting.bytes(manifest.plannedBytes),
                pinned == manifest.files.count ? "all" : "\(pinned) of \(manifest.files.count)",
                here,
            ]
        }

        private var here: String {
            if let other = presence.otherModel { return "\(directory): holds \(printable(other))" }
            if presence.present == 0, presence.partial == 0 { return "-" }
            if presence.verified == manifest.files.count { return "\(directory): complete" + links }
            var parts: [String] = []
            if presence.present > 0 {
                parts.append("\(presence.present) of \(Formatting.count(manifest.files.count, "file"))")
            }
            if presence.partial > 0 { parts.append("\(presence.partial) begun") }
            return "\(directory): " + parts.joined(separator: ", ") + links
        }

        private var links: String {
            presence.links == 0 ? "" : " (\(Formatting.count(presence.links, "symbolic link")))"
        }

        var json: JSONObject {
            [
                "event": "model", "name": .string(manifest.name),
                "aliases": .array(manifest.aliases.map { .string($0) }),
                "description": .string(manifest.description), "files": .integer(Int64(manifest.files.count)),
                "bytes": .integer(manifest.plannedBytes), "pinned_files": .integer(Int64(pinned)),
                "manifest_source": .string(origin.source), "directory": .string(directory),
                "present_files": .integer(Int64(presence.present)),
                "verified_files": .integer(Int64(presence.verified)),
                "partial_files": .integer(Int64(presence.partial)),
            ]
        }
    }
}
