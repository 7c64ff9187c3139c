internal import Glibc

/// The selected files of a manifest: those that match one of several glob patterns, or all.
public struct Selection: Hashable, Sendable {
    /// Patterns as in glob(7): `*`, `?` and `[…]`. Here they also match `/`.
    public let patterns: [String]

    /// Every file.
    public static let all = Selection(patterns: [])

    /// Selects the files that match one of the patterns, or all files if there is no pattern.
    public init(patterns: [String]) { self.patterns = patterns }

    /// The selected files of a manifest, in its order.
    ///
    /// - Throws: a ``Failure`` of kind ``Failure/Kind/usage`` for a pattern that matches no file.
    public func files(of manifest: Manifest) throws(Failure) -> [ManifestFile] {
        guard !patterns.isEmpty else { return manifest.files }
        for pattern in patterns where !manifest.files.contains(where: { Self.matches($0.path.string, pattern) }) {
            let names = manifest.files.map { printable($0.path.string) }.prefix(20).joined(separator: ", ")
            throw Failure(.usage, "no file of \(manifest.name) matches “\(printable(pattern))”; it has \(names)")
        }
        return manifest.files.filter { file in patterns.contains { Self.matches(file.path.string, $0) } }
    }

    private static func matches(_ path: String, _ pattern: String) -> Bool { fnmatch(pattern, path, 0) == 0 }
}
