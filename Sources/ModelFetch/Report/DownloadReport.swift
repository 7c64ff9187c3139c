/// The result of a download.
public struct DownloadReport: Sendable {
    /// The manifest's name.
    public package(set) var model: String
    /// The directory, as the caller gave it.
    public package(set) var directory: String
    /// The selected files, in the order of the manifest.
    public package(set) var files: [FileReport] = []
    /// The failure of the run as a whole; `nil` if only files failed, or nothing did.
    public package(set) var failure: Failure?
    /// Further failures of the whole run: if several hosts cannot be reached, those after the first.
    package var furtherFailures: [Failure] = []
    /// The sources that delivered anything, in the order in which they were given.
    public package(set) var sources: [Delivery] = []
    /// Attempts that followed a failed one.
    public package(set) var retries = 0
    /// Wall time, in seconds.
    public package(set) var seconds: Double = 0
    /// Whether the run was cancelled before its end.
    public package(set) var isCancelled = false

    /// What one source delivered.
    public struct Delivery: Sendable, Hashable {
        /// Its base URL, without user, password and query.
        public package(set) var source: String
        /// Body bytes received from it for all files, including useless ones.
        public package(set) var bytesDownloaded: Int64

        package init(source: String, bytesDownloaded: Int64) {
            self.source = source
            self.bytesDownloaded = bytesDownloaded
        }
    }

    package init(model: String, directory: String) {
        self.model = model
        self.directory = directory
    }

    /// Whether all selected files are here and verified.
    public var isOK: Bool { !isCancelled && failures.isEmpty }

    /// Body bytes received, including useless ones.
    public var bytesDownloaded: Int64 { files.reduce(0) { $0 + $1.bytesDownloaded } }

    /// Those of the received bytes that were here already, because two connections fetched the same range for a while.
    public var bytesDuplicated: Int64 { files.reduce(0) { $0 + $1.bytesDuplicated } }

    /// Bytes from earlier runs that are part of the files now.
    public var bytesReused: Int64 { files.reduce(0) { $0 + $1.bytesReused } }

    /// Every failure of the run.
    public var failures: [Failure] { (failure.map { [$0] } ?? []) + furtherFailures + files.compactMap(\.failure) }

    /// The kind of failure with the highest precedence; `nil` if nothing failed.
    public var kind: Failure.Kind? {
        let kinds = Set(failures.map(\.kind))
        return Failure.Kind.byPrecedence.first { kinds.contains($0) }
    }
}

extension DownloadReport {
    /// The files, if all that were asked for are there and verified.
    ///
    /// A marker that is held back because other files were not asked for (``FileReport/State/held``) is not an error.
    ///
    /// - Throws: ``ModelFetchError/cancelled`` if the run was cancelled, whatever had failed by then, and otherwise
    ///   ``ModelFetchError/failed(_:)`` if anything failed. Never `CancellationError`.
    @discardableResult
    public func get() throws(ModelFetchError) -> [FileReport] {
        if isCancelled { throw .cancelled }
        if let failure = failures.first(where: { $0.kind == kind }) { throw .failed(failure) }
        return files
    }
}
