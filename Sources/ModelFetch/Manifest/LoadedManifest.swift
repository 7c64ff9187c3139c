/// A manifest, where it came from, and what is odd about it.
public struct LoadedManifest: Hashable, Sendable {
    /// The manifest. It has passed every rule.
    public let manifest: Manifest
    /// Where it came from.
    public let origin: ManifestOrigin
    /// What was ignored in it: unknown keys, which a later version may understand. Never a reason to fail.
    public let warnings: [ManifestWarning]
}
