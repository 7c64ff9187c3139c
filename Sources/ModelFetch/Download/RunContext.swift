internal import Storage
internal import Transfer

/// What the tasks of one run share.
final class RunContext: Sendable {
    let manifest: Manifest
    let options: DownloadOptions
    let runtime: Runtime
    let directory: ModelDirectory
    /// Whether nothing can be written in the directory.
    let isReadOnly: Bool
    let sources: [Source]
    let receipts: ReceiptBook
    let partials: RunPartials
    let publisher: Publisher
    let fetcher: RangeFetcher
    let health: SourceHealthTable
    let pool: ConnectionPool
    let monitor: ReachabilityMonitor
    let retries = RetryCounter()
    let tally: SourceTally
    private let emitter: @Sendable (DownloadEvent) -> Void

    /// - Parameter tag: set where the directory's lock does not keep others out, see ``RunPartials``.
    init(
        manifest: Manifest, options: DownloadOptions, runtime: Runtime, directory: ModelDirectory, sources: [Source],
        tag: String?, isReadOnly: Bool = false, emitter: @escaping @Sendable (DownloadEvent) -> Void
    ) {
        self.manifest = manifest
        self.options = options
        self.runtime = runtime
        self.directory = directory
        self.isReadOnly = isReadOnly
        self.sources = sources
        self.emitter = emitter
        tally = SourceTally(sources: sources.count)
        let origins = sources.map(\.location.base.origin)
        health = SourceHealthTable(origins: origins)
        pool = ConnectionPool(origins: origins, cap: options.connections, first: runtime.firstConnections)
        monitor = ReachabilityMonitor(origins: origins, waits: options.waitsForNetwork, emit: emitter)
        fetcher = RangeFetcher(
            FirstContact(transport: runtime.transport, monitor: monitor, time: runtime.time),
            limit: TimeLimit(sleep: runtime.time.sleep))
        publisher = Publisher(directory: directory, isDurable: options.isDurable)
        partials = RunPartials(directory: directory, tag: tag)
        receipts = ReceiptBook(
            of: directory, for: manifest,
            writing: .init(isReadOnly: isReadOnly, isDurable: options.isDurable, tag: tag), runtime: runtime)
    }

    func emit(_ event: DownloadEvent) { emitter(event) }
}
