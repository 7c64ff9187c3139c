/// What happens in a download, as a sequence that ends with its report.
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
/// **Beginning.** Nothing happens until the first event is asked for. Each iteration is a run of its own.
///
/// **End.** The last event is ``DownloadEvent/ended(_:)``, always and once. When it comes the run's threads and connections are gone.
///
/// **Cancellation.** If the task that iterates is cancelled, so is the run: it records what came, and the sequence goes on to
/// ``DownloadEvent/ended(_:)``, whose report says that it was cancelled. The loop need not look for that itself.
///
/// **Leaving early.** Who leaves the loop (`break`, `return`, a thrown error) lets go of the iterator, which cancels the run. The
/// language offers no way to wait there: for a moment the run still puts its things in order, and it holds the directory's lock until
/// it is done, so that a new run on the directory waits for it. To know when it is over, cancel the task and iterate to the end.
///
/// **Pace.** A slow consumer holds up nothing and loses nothing. Progress of a file is added to progress of the same file that has
/// not been taken yet, as long as nothing else about that file came in between; all other events are kept, in order. So memory is taken
/// for events of files and attempts, never for bytes.
public struct DownloadEvents: AsyncSequence, Sendable {
    /// An event.
    public typealias Element = DownloadEvent
    /// Iterating does not throw: what went wrong is in the report.
    public typealias Failure = Never

    private let download: ModelDownload

    init(_ download: ModelDownload) { self.download = download }

    /// A run that has not begun.
    public func makeAsyncIterator() -> Iterator { Iterator(EventFeed(download)) }

    /// One run's events. To let go of it, and of all its copies, cancels the run.
    public struct Iterator: AsyncIteratorProtocol {
        private let feed: EventFeed

        fileprivate init(_ feed: EventFeed) { self.feed = feed }

        /// The next event, as soon as there is one; `nil` after ``DownloadEvent/ended(_:)``. The first call begins the run.
        public mutating func next() async -> DownloadEvent? { await feed.next() }

        /// The next event, as soon as there is one; `nil` after ``DownloadEvent/ended(_:)``. The first call begins the run.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> DownloadEvent? { await feed.next() }
    }
}

extension ModelDownload {
    /// The download as a sequence of its events, which begins when it is iterated, and whose last element is the report.
    ///
    /// ``run(onEvent:)`` does the same with a function that is called; this one lets the caller take events at its own pace.
    public func events() -> DownloadEvents { DownloadEvents(self) }
}
