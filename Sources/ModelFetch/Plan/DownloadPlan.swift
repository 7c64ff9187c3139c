/// What a download would do, found out without changing anything.
public struct DownloadPlan: Sendable {
    /// What would be done about a file.
    public enum Action: String, Sendable {
        /// Its receipt says that it is right.
        case skip
        /// A file of the right size is there and would be hashed.
        case check
        /// Nothing of it is there.
        case fetch
        /// Some of its bytes are there under its partial name.
        case resume
        /// A file of another size is there.
        case replace
    }

    /// What would be done about one file.
    public struct File: Sendable {
        /// The path in the manifest.
        public let path: String
        /// What would be done.
        public let action: Action
        /// In bytes, as far as it is known.
        public let size: Int64?
        /// At most this many bytes would be fetched; `nil` where the size is unknown.
        public let bytes: Int64?
        /// The bytes that an earlier run left, or another tool did, and that would be checked rather than fetched again.
        public let bytesHeld: Int64
        /// The size of another file that has the name, in bytes; `nil` where none has.
        public let sizeFound: Int64?
        /// Whether that file would be compared with a source first, and replaced only if it turns out to be a damaged copy.
        public let isComparedFirst: Bool
        /// Whether that file would be kept below `.modelfetch/replaced` when it is replaced.
        public let isKept: Bool
        /// How much more of the disk it would take, in bytes, as far as that is known.
        public let diskBytes: Int64
        /// Where it would be asked for, in order. Without secrets.
        public let urls: [String]
    }

    /// The manifest's name.
    public let model: String
    /// The directory, as it was given.
    public let directory: String
    /// In the manifest's order, the selected ones.
    public let files: [File]
    /// What the file system has free, in bytes: that of the nearest parent where the directory does not exist yet. `nil` where
    /// it cannot be asked.
    public let freeBytes: Int64?

    /// The bytes that would be fetched at most, as far as sizes are known.
    public var bytes: Int64 { files.reduce(0) { $0 + ($1.bytes ?? 0) } }

    /// How much more of the disk it would all take, in bytes, as far as sizes are known.
    public var diskBytes: Int64 { files.reduce(0) { $0 + $1.diskBytes } }

    /// Whether the file system has room for that; `true` where it cannot be asked.
    public var hasRoom: Bool { freeBytes.map { diskBytes <= $0 } ?? true }
}
