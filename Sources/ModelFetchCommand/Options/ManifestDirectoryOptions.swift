internal import ArgumentParser
internal import Foundation
internal import ModelFetch

/// The directories that manifests are read from.
struct ManifestDirectoryOptions: ParsableArguments {
    @Option(
        name: .customLong("manifest-dir"),
        help: ArgumentHelp(
            "A directory of your own manifests; may be repeated. $MODELFETCH_MANIFESTS lists more, separated by colons.",
            valueName: "dir"))
    var manifestDirectories: [String] = []

    /// The known models: the built-in ones, and those of the user's directories.
    func catalog() -> ManifestCatalog {
        let environment = ProcessInfo.processInfo.environment["MODELFETCH_MANIFESTS"] ?? ""
        let directories = manifestDirectories + ManifestCatalog.directories(inList: environment)
        return ManifestCatalog(directories: directories)
    }
}
