public import Hashing

/// The result of a download or an audit for one file.
public struct FileReport: Hashable, Sendable {
    /// The state of the file at the end. The raw values are those of the JSON report.
    public enum State: String, Hashable, Sendable {
        // After a download.

        /// Downloaded; nothing was reused.
        case downloaded
        /// Downloaded in part; some bytes were here from earlier runs.
        case resumed
        /// A wrong file with this name was repaired or replaced.
        case repaired
        /// Already here and right.
        case skipped
        /// The marker, verified but held back under its partial name because the model is not complete yet.
        case held
        /// Missing or wrong; see ``FileReport/failure``.
        case failed

        // After an audit.

        /// As the manifest says.
        case ok
        /// The size or the digest is wrong.
        case damaged
        /// The file does not exist.
        case missing
        /// The file could not be read, or it changed while it was read.
        case unreadable
        /// Not in the manifest. Never a failure.
        case extra
    }

    /// The path in the manifest.
    public package(set) var path: String
    /// The state at the end.
    public package(set) var state: State
    /// The size in bytes that the manifest gives or expects; `nil` if none is known.
    public package(set) var size: Int64?
    /// The digest of the file, if it was determined; otherwise the one in the manifest.
    public package(set) var sha256: SHA256Digest?
    /// Whether the manifest has a SHA-256 for the file.
    public package(set) var isPinned: Bool
    /// What was checked instead, if the manifest has no SHA-256.
    public package(set) var evidence: [String] = []
    /// Body bytes received for it, including useless ones.
    public package(set) var bytesDownloaded: Int64 = 0
    /// Those of the received bytes that were here already, because two connections fetched the same range for a while.
    public package(set) var bytesDuplicated: Int64 = 0
    /// Bytes from earlier runs that are part of the file now.
    public package(set) var bytesReused: Int64 = 0
    /// The size on disk, if it differs from ``size``.
    public package(set) var actualSize: Int64?
    /// A remark, such as the known variant that an audit found.
    public package(set) var note: String?
    /// Why it is missing or wrong; `nil` if nothing failed.
    public package(set) var failure: Failure?

    package init(path: String, state: State, size: Int64?, sha256: SHA256Digest?, isPinned: Bool) {
        self.path = path
        self.state = state
        self.size = size
        self.sha256 = sha256
        self.isPinned = isPinned
    }
}
