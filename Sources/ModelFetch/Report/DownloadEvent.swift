/// What happens during a download or an audit. Events are increments: a program that shows progress adds them up.
///
/// Paths are those of the manifest. Texts are safe to print. Further cases may come with later versions: a `switch` should have a
/// `default`.
public enum DownloadEvent: Sendable {
    /// The run has determined its files, of `bytes` in all.
    case started(model: String, directory: String, files: Int, bytes: Int64)
    /// A problem that does not stop the run.
    case warning(String)
    /// Diagnostic detail.
    case debug(String)
    /// The run waits for another one that holds the directory. `process` is the number of that process, if the system tells it.
    case waitingForLock(directory: String, process: Int32?)
    /// Work on a file enters a phase.
    case phase(path: String, FilePhase)
    /// Bytes became part of a file: received ones, or checked ones of earlier runs.
    case progress(path: String, bytes: Int64, received: Bool)
    /// Bytes that were reported as progress turned out bad, and will be downloaded again.
    case discarded(path: String, bytes: Int64, reason: String)
    /// The verified file replaced another one, which is kept under another name in the directory.
    case replaced(path: String, keptAs: String, bytes: Int64)
    /// An attempt failed; another one follows after `pause`.
    case retrying(path: String, Failure, attempt: Int, pause: Duration)
    /// A source is given up for this file; `isLast` if no other one is left, so that the file fails.
    case sourceDropped(path: String, Failure, isLast: Bool)
    /// Work on a file is over, successfully or not.
    case finished(FileReport)
    /// The run is over, with this result. Only ``DownloadEvents`` has it, as its last element;
    /// ``ModelDownload/run(onEvent:)`` returns the report instead.
    case ended(DownloadReport)
}

/// What is being done with a file.
public enum FilePhase: Hashable, Sendable {
    /// An existing file is hashed.
    case hashing
    /// An existing file is compared with the source, to distinguish a damaged copy from a different file.
    case comparing
    /// A source is asked for the bytes from this offset. `held` bytes are here according to the journal, checked or not.
    case connecting(source: String, offset: Int64, held: Int64)
    /// The server cannot resume and sends the whole file; its first `bytes` are already here.
    case repeating(bytes: Int64)
    /// Bytes are received.
    case receiving
    /// All bytes are here, and the digest is being computed.
    case verifying
    /// The marker is verified and held back until every other file is complete.
    case holding
    /// The file is made durable and gets its final name.
    case publishing
}
