/// What a download would do, determined without changing anything.
public struct DownloadPlan: Sendable {
    /// What would be done about a file.
    public enum Action: String, Sendable {
        /// It has a valid receipt, and would be skipped.
        case skip
        /// A file of the right size exists and would be hashed.
        case check
        /// Nothing of it exists, and all of it would be fetched.
        case fetch
        /// Some of its bytes exist in a partial file, and the rest would be fetched.
        case resume
        /// A file of another size has its name, and may have to be replaced.
        case replace
    }

    /// What would be done about one file.
    public struct File: Sendable {
        /// The path in the manifest.
        public let path: String
        /// What would be done.
        public let action: Action
        /// The size in bytes, if it is known.
        public let size: Int64?
        /// The number of bytes that would be fetched at most; `nil` if the size is unknown.
        public let bytes: Int64?
        /// The number of bytes that an earlier run or another tool left. They would be checked rather than fetched again.
        public let bytesHeld: Int64
        /// The size in bytes of a different file that has the name; `nil` if there is none.
        public let sizeFound: Int64?
        /// Whether that file would first be compared with a source, and replaced only if it turns out to be a damaged copy.
        public let isComparedFirst: Bool
        /// Whether that file would be kept below `.modelfetch/replaced` when it is replaced.
        public let isKept: Bool
        /// The additional disk space in bytes that the file would need, as far as its size is known.
        public let diskBytes: Int64
        /// The URLs from which it would be requested, in order, without secrets.
        public let urls: [String]
    }

    /// The manifest's name.
    public let model: String
    /// The directory, as it was given.
    public let directory: String
    /// The selected files, in the manifest's order.
    public let files: [File]
    /// The free space of the file system in bytes, or that of the nearest existing parent if the directory does not exist yet; `nil`
    /// if it cannot be determined.
    public let freeBytes: Int64?

    /// The number of bytes that would be fetched at most, as far as sizes are known.
    public var bytes: Int64 { files.reduce(0) { $0 + ($1.bytes ?? 0) } }

    /// The additional disk space in bytes that all files would need, as far as sizes are known.
    public var diskBytes: Int64 { files.reduce(0) { $0 + $1.diskBytes } }

    /// Whether the file system has enough free space; `true` if it cannot be determined.
    public var hasRoom: Bool { freeBytes.map { diskBytes <= $0 } ?? true }
}
