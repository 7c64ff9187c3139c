internal import ArgumentParser
internal import Foundation
internal import ModelFetch

/// Where manifests come from.
struct ManifestDirectoryOptions: ParsableArguments {
    @Option(
        name: .customLong("manifest-dir"),
        help: ArgumentHelp(
            "A directory of manifests of your own; may be repeated. $MODELFETCH_MANIFESTS holds more, separated by colons.",
            valueName: "dir"))
    var manifestDirectories: [String] = []

    /// The known models. Warnings about manifests go to `console`.
    func catalog() -> ManifestCatalog {
        let environment = ProcessInfo.processInfo.environment["MODELFETCH_MANIFESTS"] ?? ""
        let directories = manifestDirectories + ManifestCatalog.directories(inList: environment)
        return ManifestCatalog(directories: directories)
    }
}

/// Which manifest is meant, for commands that can find out by themselves.
struct ManifestChoiceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The model, where it is not found out by itself.", valueName: "name"))
    var model: String?

    @Option(help: ArgumentHelp("A manifest of your own, instead of a known model.", valueName: "file"))
    var manifest: String?

    mutating func validate() throws {
        if model != nil, manifest != nil {
            throw ValidationError("Give --model or --manifest, not both.")
        }
    }

    /// The manifest that the options name; `nil` if they name none.
    func loaded(from catalog: ManifestCatalog) throws -> LoadedManifest? {
        do throws(ManifestError) {
            if let manifest { return try ManifestCatalog.load(manifest) }
            if let model { return try catalog.resolve(model) }
            return nil
        } catch {
            throw UsageSuggestion.of(error, asked: model, in: catalog)
        }
    }
}

extension Failure {
    /// A manifest that cannot be had, with the kind that its code stands for.
    init(_ error: ManifestError) {
        let kind: Kind =
            switch error.code {
            case .unknownModel: .usage
            case .missing: .noInput
            case .unreadable: .cannotWrite
            default: .data
            }
        self.init(kind, error.description, remedy: kind == .usage ? .chooseKnownModel : nil)
    }
}
