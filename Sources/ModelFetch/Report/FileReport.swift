public import Hashing

/// What became of one file in a download or an audit.
public struct FileReport: Hashable, Sendable {
    /// The file's state at the end; the raw values are those of the JSON report.
    public enum State: String, Hashable, Sendable {
        // After a download.

        /// Fetched; nothing was reused.
        case downloaded
        /// Fetched; some bytes were there from earlier.
        case resumed
        /// A wrong file stood under the final name and was put right.
        case repaired
        /// It was there and right already.
        case skipped
        /// The marker, verified, under its partial name: the model is not whole yet.
        case held
        /// Not there, or not right; see ``FileReport/failure``.
        case failed

        // After an audit.

        /// It is what the manifest says.
        case ok
        /// Size or digest differ.
        case damaged
        /// Not there.
        case missing
        /// It could not be read, or changed while it was read.
        case unreadable
        /// The manifest does not know it. Never a failure.
        case extra
    }

    /// The path in the manifest.
    public package(set) var path: String
    /// What became of it.
    public package(set) var state: State
    /// The size in bytes that the manifest gives or leads to expect; `nil` where nothing is known.
    public package(set) var size: Int64?
    /// The digest that the file has now, where it was told; else the manifest's.
    public package(set) var sha256: SHA256Digest?
    /// Whether the manifest has a SHA-256 for the file.
    public package(set) var isPinned: Bool
    /// What was checked where the manifest has no SHA-256.
    public package(set) var evidence: [String] = []
    /// Body bytes received for it, wanted or not.
    public package(set) var bytesDownloaded: Int64 = 0
    /// Bytes that were there from earlier runs and are part of the file now.
    public package(set) var bytesReused: Int64 = 0
    /// The size on the disk where it differs from ``size``.
    public package(set) var actualSize: Int64?
    /// A remark, such as which known variant an audit found.
    public package(set) var note: String?
    /// Why it is not there, or not right; `nil` where nothing failed.
    public package(set) var failure: Failure?

    package init(path: String, state: State, size: Int64?, sha256: SHA256Digest?, isPinned: Bool) {
        self.path = path
        self.state = state
        self.size = size
        self.sha256 = sha256
        self.isPinned = isPinned
    }
}
