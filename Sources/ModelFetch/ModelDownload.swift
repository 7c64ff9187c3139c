internal import Foundation
internal import Storage
internal import Transfer

/// The version of this library and program.
package let modelfetchVersion = "0.1.0"

/// A download that is to be: a model's manifest, a directory, and how to go about it.
///
/// ``run(onEvent:)`` brings the model's files into the directory, each under its name only when its bytes hashed to the manifest's
/// SHA-256. It can be run again at any time, after whatever happened: what is there and right is not fetched again.
public struct ModelDownload: Sendable {
    /// The files and where to get them.
    public var manifest: Manifest
    /// Where the files belong; made if it does not exist, with its parents.
    public var directory: String
    /// How to go about it.
    public var options: DownloadOptions
    /// Models that a directory may turn out to hold instead, so that it is not overwritten.
    public var known: [Manifest]

    /// A download by a manifest. Nothing is looked at or done yet.
    ///
    /// - Parameters:
    ///   - manifest: The files and where to get them.
    ///   - directory: Where the files belong, directly; made if it does not exist, with its parents.
    ///   - options: How to go about it.
    ///   - known: Models that the directory may turn out to hold instead, such as those of a ``ManifestCatalog``: a directory
    ///     that is recognised as one of them is refused (``DownloadOptions/replacesForeignFiles``).
    public init(
        _ manifest: Manifest, into directory: String, options: DownloadOptions = .init(), known: [Manifest] = []
    ) {
        self.manifest = manifest
        self.directory = directory
        self.options = options
        self.known = known
    }

    /// A download of a model that is built in, such as `124M`. No other built-in model's directory is overwritten.
    ///
    /// - Parameters:
    ///   - model: A name or an alias, see ``ManifestCatalog/find(_:)``.
    ///   - directory: Where the files belong, directly; made if it does not exist, with its parents.
    ///   - options: How to go about it.
    /// - Throws: ``ManifestError`` with ``ManifestError/Code/unknownModel`` and a list of the known ones.
    public init(
        model: String, into directory: String, options: DownloadOptions = .init()
    ) throws(ManifestError) {
        let catalog = ManifestCatalog()
        self.init(
            try catalog.find(model).manifest, into: directory, options: options,
            known: catalog.manifests.map(\.manifest))
    }

    /// Does what ``run(onEvent:)`` does first, and what can be done without threads and the network: looks for what is wrong
    /// with the options, and makes the directory. For callers who must do something between the two; others need not.
    ///
    /// - Returns: the report of the run if it ended here already.
    package func prepare() -> DownloadReport? {
        var report = DownloadReport(model: manifest.name, directory: directory)
        do {
            try checkLibraries()
            let selected = try selectedFiles()
            let sources = try options.sources(for: manifest)
            report.files = ReportCollector(selected, emit: { _ in }).all
            // Nothing is made for a run that could not fetch anything.
            let isThere = (try? ModelDirectory(existing: directory, on: SystemDisk())) != nil
            guard isThere || !sources.isEmpty else { throw Source.none(for: manifest) }
            _ = try ModelDirectory(creating: directory, on: SystemDisk())
            return nil
        } catch let error as StorageError {
            report.failure = Failure(error)
        } catch {
            report.failure = error as? Failure ?? Failure(.cannotWrite, "\(error)")
        }
        return report
    }

    /// Runs the download to its end.
    ///
    /// Cancelling the task ends it promptly, with everything that was received recorded for the next run; the report then says
    /// so. It never throws: what went wrong, for the run or for a file, is in the report, and ``DownloadReport/get()`` throws it.
    /// When it returns, its threads and connections are gone.
    ///
    /// Two runs of one process on the same directory wait for each other as two processes do; on different directories they have
    /// nothing to do with each other.
    ///
    /// - Parameter onEvent: told what happens, from any of the run's threads, several at once; the run waits for it, so it must
    ///   return soon. ``events()`` is for who takes longer.
    /// - Returns: what came of it.
    public func run(onEvent: @escaping @Sendable (DownloadEvent) -> Void = { _ in }) async -> DownloadReport {
        var configuration = TransportConfiguration(version: modelfetchVersion)
        configuration.connectTimeout = options.connectTimeout
        configuration.stallTimeout = options.stallTimeout
        configuration.rateLimit = options.rateLimit
        configuration.proxy = options.proxy
        configuration.offersHTTP2 = options.offersHTTP2
        configuration.certificateFile = options.certificateFile
        configuration.certificateDirectory = options.certificateDirectory
        let transport: CurlTransport
        let executor: BlockingExecutor
        do throws(Failure) {
            try checkLibraries()
            transport = try Self.transport(configuration)
            // Each file has a task that fetches and one that checks.
            executor = try BlockingExecutor(threads: options.concurrentFiles * 2)
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
            throw Failure(.cannotWrite, "the network library does not start: \(error)")
        }
    }

    /// Runs the download with a network, a disk and a clock of the caller's.
    package func run(
        in runtime: Runtime, onEvent: @escaping @Sendable (DownloadEvent) -> Void = { _ in }
    ) async -> DownloadReport {
        var report = DownloadReport(model: manifest.name, directory: directory)
        let start = runtime.time.now()
        await withTaskExecutorPreference(runtime.executor) {
            do {
                try await prepareAndRun(runtime, onEvent, &report)
            } catch let failure as Failure {
                report.failure = failure
            } catch let error as StorageError {
                report.failure = Failure(error)
            } catch let error as NothingReachable {
                report.failure = error.hosts.first ?? Failure(.unavailable, "no source could be reached")
                report.furtherFailures = Array(error.hosts.dropFirst())
            } catch is CancellationError {
                report.isCancelled = true
            } catch {
                report.failure = Failure(.unavailable, "the download failed: \(error)")
            }
        }
        report.seconds = (runtime.time.now() - start) / .seconds(1)
        return report
    }

    /// The files that are wanted, in the manifest's order.
    ///
    /// - Throws: a ``Failure`` for options that make no sense, for a pattern that matches none, and for a file without a
    ///   SHA-256 where one is required.
    func selectedFiles() throws(Failure) -> [ManifestFile] {
        try options.check()
        let selected = try options.selection.files(of: manifest)
        if options.requireSHA256, let file = selected.first(where: { !$0.isPinned }) {
            throw Failure(
                .data, file: file.path.string,
                "the manifest has no SHA-256 for it (\(printable(file.unpinned ?? "no reason given"))), and one is required"
            )
        }
        return selected
    }

    private func prepareAndRun(
        _ runtime: Runtime, _ onEvent: @escaping @Sendable (DownloadEvent) -> Void, _ report: inout DownloadReport
    ) async throws {
        let selected = try selectedFiles()
        let sources = try options.sources(for: manifest)
        let reports = ReportCollector(selected, emit: onEvent)
        report.files = reports.all
        let directory = try ModelDirectory(creating: directory, on: runtime.disk)
        if directory.isOpenToEverybody() {
            onEvent(
                .warning(
                    "\(printable(self.directory, limit: 1024)) is world-writable: anyone could replace these files. "
                        + "Fix: chmod o-w \(printable(self.directory, limit: 1024))"))
        }
        let lock: DirectoryLock
        do {
            lock = try await acquireLock(of: directory, runtime, onEvent)
        } catch let error as StorageError where error.isRefusalToWrite {
            // Where nothing can be written, a model that is whole needs nothing written.
            let context = RunContext(
                manifest: manifest, options: options, runtime: runtime, directory: directory, sources: sources,
                tag: nil,
                isReadOnly: true, emitter: onEvent)
            announce(selected, onEvent)
            defer { report.files = reports.all }
            guard try await DownloadRun(context, selected: selected, known: known).confirm(into: reports) else {
                throw error
            }
            return
        }
        defer { withExtendedLifetime(lock) {} }
        var tag: String?
        if !lock.isEffective {
            let bytes = runtime.random.bytes(PartialNames.tagLength / 2)
            tag = bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            onEvent(.warning("locks do nothing on this file system: this run works on partial files of its own"))
        }
        let context = RunContext(
            manifest: manifest, options: options, runtime: runtime, directory: directory, sources: sources, tag: tag,
            emitter: onEvent)
        announce(selected, onEvent)
        defer {
            report.files = reports.all
            report.retries = context.retryCount
        }
        do {
            try await DownloadRun(context, selected: selected, known: known).run(into: reports)
        } catch {
            // What was verified stays verified, whatever ended the run.
            try? context.writeReceipts()
            throw error
        }
        try context.writeReceipts()
    }

    private func announce(_ selected: [ManifestFile], _ onEvent: @Sendable (DownloadEvent) -> Void) {
        let bytes = selected.reduce(0) { $0 + ($1.plannedSize ?? 0) }
        onEvent(.started(model: manifest.name, directory: directory, files: selected.count, bytes: bytes))
    }

    private func acquireLock(
        of directory: ModelDirectory, _ runtime: Runtime, _ onEvent: @Sendable (DownloadEvent) -> Void
    ) async throws -> DirectoryLock {
        var isFirst = true
        while true {
            if let lock = try DirectoryLock.tryAcquire(in: directory) { return lock }
            if isFirst || !options.waitsForLock {
                // Simulated disks have inodes that the system's list knows nothing of.
                let locks =
                    runtime.disk is SystemDisk ? try? String(contentsOfFile: "/proc/locks", encoding: .utf8) : nil
                let process = locks.flatMap { DirectoryLock.holder(in: directory, among: $0) }
                guard options.waitsForLock else {
                    throw Failure(
                        .locked,
                        "another modelfetch\(process.map { " (process \($0))" } ?? "") is working on "
                            + printable(self.directory, limit: 1024),
                        hint: "leave out --no-wait to wait for it")
                }
                onEvent(.waitingForLock(directory: self.directory, process: process))
            }
            isFirst = false
            try await runtime.time.sleep(.milliseconds(200))
        }
    }
}
