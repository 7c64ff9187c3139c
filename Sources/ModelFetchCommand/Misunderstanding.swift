internal import ArgumentParser
internal import Foundation
internal import ModelFetch

/// What a user may have meant who gave for a model what is none.
enum Misunderstanding {
    /// - Returns: `nil` if nothing comes to mind.
    static func of(_ model: String) -> Failure? {
        if isURL(model) {
            return Failure(
                .usage, "\(printable(ManifestSource(url: model).redactedURL, limit: 1024)) is a URL, not a model",
                hint: "fetch a manifest with curl first and give its path; where a model's files are: --source URL")
        }
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: model, isDirectory: &isDirectory), isDirectory.boolValue {
            return Failure(
                .usage, "\(printable(model, limit: 1024)) is a directory, not a model",
                hint: "to audit it: modelfetch verify DIRECTORY; to download into it: modelfetch MODEL DIRECTORY")
        }
        let commands = ModelFetchCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
        if let command = commands.first(where: { distance(Array($0.utf8), Array(model.utf8)) <= 2 }) {
            return Failure(
                .usage, "\(printable(model)) is not a known model, nor a command",
                hint: "did you mean: modelfetch \(command)")
        }
        return nil
    }

    /// What cannot have been meant for a directory.
    static func of(directory: String) -> Failure? {
        guard isURL(directory) else { return nil }
        return Failure(
            .usage, "\(printable(ManifestSource(url: directory).redactedURL, limit: 1024)) is a URL, not a directory",
            hint: "to fetch from it: --source URL")
    }

    private static func isURL(_ word: String) -> Bool {
        ["http://", "https://", "ftp://", "s3://", "hf://"].contains { word.lowercased().hasPrefix($0) }
    }

    /// Levenshtein's: how many letters must be added, taken away or changed.
    private static func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
        // Long words are no slips of the finger, and must not cost time.
        guard other.count <= 32 else { return .max }
        var row = Array(0...other.count)
        for (i, left) in one.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, right) in other.enumerated() {
                let changed = diagonal + (left == right ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(changed, row[j + 1] + 1, row[j] + 1)
            }
        }
        return row[other.count]
    }
}
