internal import ModelFetch

/// What `--version` prints: the program's version and those of the C libraries that it runs with.
enum VersionText {
    static var text: String { "modelfetch \(modelfetchVersion) (\(linkedLibraries))" }
}
