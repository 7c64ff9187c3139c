internal import Foundation
internal import Storage
internal import Transfer

/// A download: a model's manifest, the directory for its files, and options.
///
/// ``run(onEvent:)`` downloads the files into the directory. A file gets its name only after all of its bytes hashed to the
/// manifest's SHA-256. The download can be run again at any time, however the previous run ended: files that are already verified
/// are not fetched again.
public struct ModelDownload: Sendable {
    /// The files, and the sources that have them.
    public var manifest: Manifest
    /// The directory for the files. It is created if it does not exist, with its parents.
    public var directory: String
    /// How the download is done.
    public var options: DownloadOptions
    /// Other models. A directory that is recognised as one of them is not overwritten.
    public var known: [Manifest]

    /// Creates a download from a manifest. Nothing is read or written yet.
    ///
    /// - Parameters:
    ///   - manifest: The files, and the sources that have them.
    ///   - directory: The directory for the files themselves. It is created if it does not exist, with its parents.
    ///   - options: How the download is done.
    ///   - known: Other models, such as those of a ``ManifestCatalog``. A directory that is recognised as one of them is refused,
    ///     unless ``DownloadOptions/replacesForeignFiles`` is set.
    public init(
        _ manifest: Manifest, into directory: String, options: DownloadOptions = .init(), known: [Manifest] = []
    ) {
        self.manifest = manifest
        self.directory = directory
        self.options = options
        self.known = known
    }

    /// Creates a download of a built-in model, such as `124M`. The directory of another built-in model is not overwritten.
    ///
    /// - Parameters:
    ///   - model: A name or an alias; see ``ManifestCatalog/find(_:)``.
    ///   - directory: The directory for the files themselves. It is created if it does not exist, with its parents.
    ///   - options: How the download is done.
    /// - Throws: ``ManifestError`` with ``ManifestError/Code/unknownModel`` if there is no such model; its message lists the known ones.
    public init(
        model: String, into directory: String, options: DownloadOptions = .init()
    ) throws(ManifestError) {
        let catalog = ManifestCatalog()
        self.init(
            try catalog.find(model).manifest, into: directory, options: options,
            known: catalog.manifests.map(\.manifest))
    }

    /// Runs the download to its end.
    ///
    /// Cancelling the task ends the run promptly. Everything that was received is recorded for the next run, and the report says
    /// that the run was cancelled. The method never throws: whatever went wrong, with the run or with a file, is in the report, and
    /// ``DownloadReport/get()`` throws it. When the method returns, all threads and connections of the run are gone.
    ///
    /// Two runs on the same directory wait for each other, in one process as in two. Runs on different directories are independent.
    ///
    /// - Parameter onEvent: Called for every event, from any thread of the run, also concurrently. The run waits for it, so it must
    ///   return soon; use ``events()`` to take events at your own pace.
    /// - Returns: What became of the run and of each file.
    public func run(onEvent: @escaping @Sendable (DownloadEvent) -> Void = { _ in }) async -> DownloadReport {
        let transport: CurlTransport
        let executor: BlockingExecutor
        do throws(Failure) {
            try checkLibraries()
            transport = try Self.transport(options.transportConfiguration)
            executor = try BlockingExecutor(threads: 8)
        } catch {
            var report = DownloadReport(model: manifest.name, directory: directory)
            report.failure = error
            return report
        }
        defer {
            transport.shutdown()
            executor.stop()
        }
        let runtime = Runtime(
            transport: transport, disk: SystemDisk(), time: Time(ContinuousClock()),
            random: Randomness(SystemRandomNumberGenerator()), executor: executor, bootID: BootID.current())
        return await run(in: runtime, onEvent: onEvent)
    }

    private static func transport(_ configuration: TransportConfiguration) throws(Failure) -> CurlTransport {
        do throws(TransferError) { return try CurlTransport(configuration) } catch {
            throw Failure(.cannotWrite, "libcurl could not be initialized: \(error)")
        }
    }
}
