internal import ArgumentParser
internal import ModelFetch

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
