/// A manifest, its origin, and its warnings.
public struct LoadedManifest: Hashable, Sendable {
    /// The manifest. It has passed every rule.
    public let manifest: Manifest
    /// Where it came from.
    public let origin: ManifestOrigin
    /// What was ignored in it: unknown keys, which a later version may understand. Never a failure.
    public let warnings: [ManifestWarning]
}
