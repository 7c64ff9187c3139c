internal import Foundation
internal import ModelFetch

/// Finds the directories to audit.
struct AuditedDirectories {
    /// The default place for downloads.
    private static let home = "models"

    private let catalog: ManifestCatalog
    /// The base of relative paths instead of the current directory, for tests.
    private let current: String?

    init(_ catalog: ManifestCatalog, current: String? = nil) {
        self.catalog = catalog
        self.current = current
    }

    /// The directories for what the user typed: each word is an existing directory or else the name of a model, which stands for
    /// its directory in `models`. Without words, all directories in `models`.
    ///
    /// - Throws: a ``CommandFailure`` of kind ``Failure/Kind/noInput`` if there are neither words nor directories.
    func resolve(_ typed: [String]) throws(CommandFailure) -> [String] {
        guard typed.isEmpty else { return typed.map { directory($0) } }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path(Self.home))) ?? []
        let found = names.sorted().map { Self.home + "/" + $0 }.filter { isDirectory($0) }
        guard !found.isEmpty else {
            throw CommandFailure(
                .noInput, "there is no model directory in \(Self.home)/",
                hint: "give the directory to audit: modelfetch verify DIRECTORY")
        }
        return found
    }

    /// The failure with a hint how to download the model, if the directory does not exist but has the name of a known model.
    func suggestion(for directory: String, failedWith error: any Error) -> CommandFailure? {
        guard let failure = error as? Failure, failure.kind == .noInput, failure.remedy == nil,
            !ManifestCatalog.isPath(directory), (try? catalog.find(directory)) != nil
        else { return nil }
        return CommandFailure(failure, hint: "to download this model: modelfetch \(shellQuoted(directory))")
    }

    private func directory(_ typed: String) -> String {
        guard !FileManager.default.fileExists(atPath: path(typed)), !ManifestCatalog.isPath(typed) else { return typed }
        let names = [(try? catalog.find(typed))?.manifest.directory, typed].compactMap { $0 }
        return names.map { Self.home + "/" + $0 }.first { isDirectory($0) } ?? typed
    }

    private func isDirectory(_ relative: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path(relative), isDirectory: &isDirectory)
            && isDirectory.boolValue
    }

    private func path(_ relative: String) -> String {
        guard let current, !relative.hasPrefix("/") else { return relative }
        return current + "/" + relative
    }
}
