internal import Storage

/// Finds the files of a directory that a manifest does not know. They are worth a word and never a failure.
struct ExtraFiles {
    /// More are not looked at: a directory can hold anything.
    private static let limit = 10_000
    /// Directories below this depth are not looked into.
    private static let depth = 8

    private let known: Set<String>

    init(_ manifest: Manifest) { known = Set(manifest.files.map(\.path.string)) }

    func reports(in directory: ModelDirectory) throws(StorageError) -> [FileReport] {
        var found: [FileReport] = []
        var left = Self.limit
        try collect("", 0, directory, &found, &left)
        return found.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    private func collect(
        _ prefix: String, _ level: Int, _ directory: ModelDirectory, _ found: inout [FileReport], _ left: inout Int
    ) throws(StorageError) {
        for name in try directory.names(in: prefix) {
            guard left > 0 else { return }
            left -= 1
            let path = prefix.isEmpty ? name : prefix + "/" + name
            guard path != ModelDirectory.stateName, !path.hasSuffix(".partial"), !known.contains(path),
                let status = try directory.status(of: path)
            else { continue }
            if status.kind == .directory {
                if level < Self.depth { try collect(path, level + 1, directory, &found, &left) }
                continue
            }
            found.append(FileReport(path: path, state: .extra, size: status.size, sha256: nil, isPinned: false))
        }
    }
}
