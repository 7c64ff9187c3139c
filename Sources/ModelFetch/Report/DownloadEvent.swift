/// What happens while a download or an audit runs. Events add up: whoever shows progress keeps the sums.
///
/// Paths are those of the manifest. Texts are safe to print. Further cases may come with later versions: a `switch` should have a
/// `default`.
public enum DownloadEvent: Sendable {
    /// The run knows its files. `bytes` is what they come to.
    case started(model: String, directory: String, files: Int, bytes: Int64)
    /// Something a person should know that does not stop the run.
    case warning(String)
    /// Something only a person who looks for a fault wants to know.
    case debug(String)
    /// Another run holds the directory; this one waits. `process` is the other one's number, where the system tells it.
    case waitingForLock(directory: String, process: Int32?)
    /// A file enters a phase.
    case phase(path: String, FilePhase)
    /// Bytes of a file became part of it: received, or found from earlier and checked.
    case progress(path: String, bytes: Int64, received: Bool)
    /// Bytes that counted turned out bad and will be fetched again.
    case discarded(path: String, bytes: Int64, reason: String)
    /// A file that was there gave its place to the verified one, and is kept under another name of the directory.
    case replaced(path: String, keptAs: String, bytes: Int64)
    /// An attempt failed; another one follows after `pause`.
    case retrying(path: String, Failure, attempt: Int, pause: Duration)
    /// A source is out for this file; `isLast` if no other one is left, and the file is about to fail.
    case sourceDropped(path: String, Failure, isLast: Bool)
    /// A file is done, one way or the other.
    case finished(FileReport)
    /// The run is over, and this is what came of it. Only ``DownloadEvents`` has it, as its last element;
    /// ``ModelDownload/run(onEvent:)`` returns the report instead.
    case ended(DownloadReport)
}

/// What a file is at.
public enum FilePhase: Hashable, Sendable {
    /// A file under the final name is hashed.
    case hashing
    /// Its bytes are compared with the source, to tell a damaged copy from somebody's other file.
    case comparing
    /// A source is asked from this byte on. `held` bytes are there or claimed to be.
    case connecting(source: String, offset: Int64, held: Int64)
    /// The server sends from the start although it was asked for the rest: so many bytes that are here already come again first.
    case repeating(bytes: Int64)
    /// Bytes come.
    case receiving
    /// All bytes are there; the digest is about to be.
    case verifying
    /// It is verified, and gets its name when every other file has one: the marker.
    case holding
    /// It is made durable and gets its name.
    case publishing
}
