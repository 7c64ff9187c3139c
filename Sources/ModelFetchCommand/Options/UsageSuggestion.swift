internal import ArgumentParser
internal import Foundation
internal import ModelFetch

/// What a user may have meant by an argument that is not a known model or not a directory.
enum UsageSuggestion {
    /// - Parameter commands: the names of the subcommands.
    /// - Returns: `nil` if there is no suggestion.
    static func of(_ model: String, commands: [String]) -> CommandFailure? {
        if isURL(model) {
            return CommandFailure(
                .usage, "\(withoutSecrets(model)) is a URL, not a model",
                hint: "for a manifest, download it first and give its path; for the model's files: --source URL")
        }
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: model, isDirectory: &isDirectory), isDirectory.boolValue {
            return CommandFailure(
                .usage, "\(printable(model, limit: 1024)) is a directory, not a model",
                hint: "to audit it: modelfetch verify DIRECTORY; to download into it: modelfetch MODEL DIRECTORY")
        }
        let word = Array(model.utf8.prefix(64))
        if let command = commands.first(where: { editDistance(Array($0.utf8), word) <= 2 }) {
            return CommandFailure(
                .usage, "\(printable(model)) is neither a known model nor a command",
                hint: "did you mean: modelfetch \(command)")
        }
        return nil
    }

    /// An unknown model, with the known ones that are nearest to it.
    static func of(_ error: ManifestError, asked model: String?, in catalog: ManifestCatalog) -> CommandFailure {
        let failure = Failure(error)
        guard error.code == .unknownModel, let model else { return CommandFailure(failure) }
        let names = catalog.names(near: model).map { printable($0) }
        guard !names.isEmpty else { return CommandFailure(failure) }
        return CommandFailure(
            .usage, "\(printable(model)) is not a known model",
            hint: "did you mean \(names.joined(separator: " or "))?")
    }

    /// A URL in the place of a directory.
    static func of(directory: String) -> CommandFailure? {
        guard isURL(directory) else { return nil }
        return CommandFailure(
            .usage, "\(withoutSecrets(directory)) is a URL, not a directory",
            hint: "to fetch from it: --source URL")
    }

    private static func isURL(_ word: String) -> Bool {
        word.contains("://")
    }
}
