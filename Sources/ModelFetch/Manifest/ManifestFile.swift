public import Hashing

/// One file of a model and what is known of its bytes.
public struct ManifestFile: Hashable, Sendable {
    /// Where it lies inside the model directory.
    public let path: ManifestPath
    /// Its length in bytes; `nil` only where ``unpinned`` says why.
    public let size: Int64?
    /// Its SHA-256; `nil` only where ``unpinned`` says why.
    public let sha256: SHA256Digest?
    /// What was derived for a size or digest that nobody has observed.
    public let expected: Expected?
    /// Why the size or digest is not known.
    public let unpinned: String?
    /// Other contents that are genuine, such as those of an earlier release. They are accepted in an audit, never fetched.
    public let variants: [Variant]

    /// A file, unchecked; ``Manifest`` checks it.
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

    /// Values that follow from a rule, and that no one has seen confirmed by the file itself.
    ///
    /// A source that contradicts them is refused unless a second source says the same. They never make a file pinned.
    public struct Expected: Hashable, Sendable {
        /// The length in bytes; `nil` where ``ManifestFile/size`` is known or nothing can be derived.
        public let size: Int64?
        /// The digest; `nil` where ``ManifestFile/sha256`` is known or nothing can be derived.
        public let sha256: SHA256Digest?

        /// Expectations of a file: its length in bytes, its digest, or both.
        public init(size: Int64?, sha256: SHA256Digest? = nil) {
            self.size = size
            self.sha256 = sha256
        }
    }

    /// Another content that is as genuine as the pinned one.
    public struct Variant: Hashable, Sendable {
        /// Length in bytes.
        public let size: Int64
        /// Its digest.
        public let sha256: SHA256Digest
        /// Where it comes from.
        public let note: String?

        /// A content of so many bytes with this digest.
        public init(size: Int64, sha256: SHA256Digest, note: String? = nil) {
            self.size = size
            self.sha256 = sha256
            self.note = note
        }
    }

    /// Whether a SHA-256 decides what the right bytes are. Only such files can be *verified*.
    public var isPinned: Bool { sha256 != nil }

    /// The length in bytes to plan with: the known one, else the expected one, else `nil`.
    public var plannedSize: Int64? { size ?? expected?.size }
}
