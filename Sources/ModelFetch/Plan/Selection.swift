internal import Glibc

/// Which files of a manifest are meant: those that match one of some glob patterns, or all.
public struct Selection: Hashable, Sendable {
    /// Patterns as in glob(7): `*`, `?` and `[…]`, which here match a `/` too.
    public let patterns: [String]

    /// Every file.
    public static let all = Selection(patterns: [])

    /// The files that match one of the patterns; no pattern means all files.
    public init(patterns: [String]) { self.patterns = patterns }

    /// The files of a manifest that are meant, in its order.
    ///
    /// - Throws: a ``Failure`` of kind ``Failure/Kind/usage`` for a pattern that matches none.
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
