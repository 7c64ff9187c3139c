internal import Storage

/// Finds the files of a directory that are not in the manifest. They are reported, and are never a failure.
struct ExtraFiles {
    /// Further files are not looked at: a directory can hold anything.
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

    /// The report of a file or directory whose name cannot be in a manifest. A directory is not entered.
    private static func report(named raw: [UInt8], in prefix: String) -> FileReport {
        let name = String(decoding: raw, as: UTF8.self)
        let path = prefix.isEmpty ? name : prefix + "/" + name
        var report = FileReport(path: path, state: .extra, size: nil, sha256: nil, isPinned: false)
        report.note = "its name is not UTF-8: " + escaped(raw)
        return report
    }

    /// Bytes as `printf` takes them, with `\xE9` for everything but printable ASCII.
    static func escaped(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF")
        return bytes.map { byte in
            let isPlain = (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "\\")
            return isPlain
                ? String(Unicode.Scalar(byte)) : "\\x" + String(digits[Int(byte >> 4)]) + String(digits[Int(byte & 15)])
        }.joined()
    }

    private func collect(
        _ prefix: String, _ level: Int, _ directory: ModelDirectory, _ found: inout [FileReport], _ left: inout Int
    ) throws(StorageError) {
        for raw in try directory.rawNames(in: prefix) {
            guard left > 0 else { return }
            left -= 1
            guard let name = String(validating: raw, as: UTF8.self) else {
                found.append(Self.report(named: raw, in: prefix))
                continue
            }
            let path = prefix.isEmpty ? name : prefix + "/" + name
            guard path != StateNames.directory, !path.hasSuffix(StateNames.partialSuffix), !known.contains(path),
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
