/// The events of a download, as a sequence that ends with the report.
///
/// ```swift
/// for await event in download.events() {
///     switch event {
///     case .progress(let path, let bytes, _): show(path, bytes)
///     case .ended(let report): try report.get()
///     default: break
///     }
/// }
/// ```
///
/// **Beginning.** The run begins when the first event is requested. Every iteration is a run of its own.
///
/// **End.** The last event is always ``DownloadEvent/ended(_:)``, exactly once. By then all threads and connections of the run are
/// gone.
///
/// **Cancellation.** Cancelling the task that iterates cancels the run. The run records what was received, and the sequence continues
/// to ``DownloadEvent/ended(_:)``, whose report says that the run was cancelled. The loop need not check for cancellation itself.
///
/// **Leaving early.** Leaving the loop (`break`, `return`, a thrown error) releases the iterator, which cancels the run. Swift offers
/// no way to wait at that point, so the run may take a moment longer to finish. It holds the directory's lock until then, so that a
/// new run on the directory waits for it. To know when the run is over, cancel the task and iterate to the end.
///
/// **Pace.** A slow consumer neither delays the run nor loses anything. Progress of a file is added to progress of the same file that
/// has not been consumed yet, unless another event of that file came in between; all other events are kept, in order. Memory
/// therefore grows with the number of files and attempts, not with the number of bytes.
public struct DownloadEvents: AsyncSequence, Sendable {
    /// An event.
    public typealias Element = DownloadEvent
    /// Iterating does not throw: what went wrong is in the report.
    public typealias Failure = Never

    private let download: ModelDownload

    init(_ download: ModelDownload) { self.download = download }

    /// The iterator of a run that has not begun.
    public func makeAsyncIterator() -> Iterator { Iterator(EventFeed(download)) }

    /// The events of one run. Releasing the iterator and all of its copies cancels the run.
    public struct Iterator: AsyncIteratorProtocol {
        private let feed: EventFeed

        fileprivate init(_ feed: EventFeed) { self.feed = feed }

        /// Waits for the next event; `nil` after ``DownloadEvent/ended(_:)``. The first call begins the run.
        public mutating func next() async -> DownloadEvent? { await feed.next() }

        /// Waits for the next event; `nil` after ``DownloadEvent/ended(_:)``. The first call begins the run.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> DownloadEvent? { await feed.next() }
    }
}

extension ModelDownload {
    /// The events of the download, as a sequence. The run begins when the sequence is iterated, and the last event holds the report.
    ///
    /// ``run(onEvent:)`` does the same with a callback; a sequence lets the caller take events at its own pace.
    public func events() -> DownloadEvents { DownloadEvents(self) }
}
