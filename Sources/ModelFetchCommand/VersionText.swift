internal import ModelFetch

/// What `--version` prints: the program, and the libraries that it runs with.
enum VersionText {
    static var text: String { "modelfetch \(modelfetchVersion) (\(linkedLibraries))" }
}
