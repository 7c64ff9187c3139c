public import Hashing

/// A file of a model, and what is known about its content.
public struct ManifestFile: Hashable, Sendable {
    /// Its path in the model directory.
    public let path: ManifestPath
    /// Its size in bytes; `nil` only if ``unpinned`` says why.
    public let size: Int64?
    /// Its SHA-256; `nil` only if ``unpinned`` says why.
    public let sha256: SHA256Digest?
    /// Values that were derived for a size or digest that is not known.
    public let expected: Expected?
    /// Why the size or digest is not known.
    public let unpinned: String?
    /// Other genuine contents, such as those of an earlier release. An audit accepts them; a download does not.
    public let variants: [Variant]

    /// Creates a file without checks; ``Manifest`` checks it.
    public init(
        path: ManifestPath, size: Int64?, sha256: SHA256Digest?, expected: Expected? = nil, unpinned: String? = nil,
        variants: [Variant] = []
    ) {
        self.path = path
        self.size = size
        self.sha256 = sha256
        self.expected = expected
        self.unpinned = unpinned
        self.variants = variants
    }

    /// Values that follow from a rule, but have not been confirmed by the file itself.
    ///
    /// A source that contradicts them is refused, unless a second source agrees with it. They never make a file pinned.
    public struct Expected: Hashable, Sendable {
        /// The size in bytes; `nil` if ``ManifestFile/size`` is known or nothing can be derived.
        public let size: Int64?
        /// The digest; `nil` if ``ManifestFile/sha256`` is known or nothing can be derived.
        public let sha256: SHA256Digest?

        /// Creates expected values: a size in bytes, a digest, or both.
        public init(size: Int64?, sha256: SHA256Digest? = nil) {
            self.size = size
            self.sha256 = sha256
        }
    }

    /// Other content that is as genuine as the pinned content.
    public struct Variant: Hashable, Sendable {
        /// The size in bytes.
        public let size: Int64
        /// The digest.
        public let sha256: SHA256Digest
        /// Where it comes from.
        public let note: String?

        /// Creates a variant with a size in bytes and a digest.
        public init(size: Int64, sha256: SHA256Digest, note: String? = nil) {
            self.size = size
            self.sha256 = sha256
            self.note = note
        }
    }

    /// Whether a SHA-256 determines the content. Only such files can be checked against a digest that was known beforehand.
    public var isPinned: Bool { sha256 != nil }

    /// The size in bytes to plan with: the known one, or else the expected one; `nil` if there is neither.
    public var plannedSize: Int64? { size ?? expected?.size }
}
