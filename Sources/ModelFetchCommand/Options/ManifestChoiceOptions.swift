internal import ArgumentParser
internal import ModelFetch

/// The manifest to use, for commands that can also determine it themselves.
struct ManifestChoiceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The model, if it is not recognised.", valueName: "name"))
    var model: String?

    @Option(help: ArgumentHelp("Use your own manifest instead of a known model.", valueName: "file"))
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
