internal import Storage

/// The frame of a run: lock, receipts and report.
extension ModelDownload {
    /// Runs the download with the given network, disk and clock.
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

    private func prepareAndRun(
        _ runtime: Runtime, _ onEvent: @escaping @Sendable (DownloadEvent) -> Void, _ report: inout DownloadReport
    ) async throws {
        let selected = try selectedFiles()
        let sources = try options.sources(for: manifest)
        let reports = ReportCollector(selected, emit: onEvent)
        report.files = reports.all
        let directory = try ModelDirectory(creating: directory, on: runtime.disk)
        warnIfWorldWritable(directory, onEvent)
        func context(tag: String?, isReadOnly: Bool = false) -> RunContext {
            RunContext(
                manifest: manifest, options: options, runtime: runtime, directory: directory, sources: sources,
                tag: tag, isReadOnly: isReadOnly, emitter: onEvent)
        }
        let lock: DirectoryLock
        do {
            let wait = LockWait(
                directory: directory, waits: options.waitsForLock, runtime: runtime, emit: onEvent)
            lock = try await wait.acquire()
        } catch let error as StorageError where error.isRefusalToWrite {
            // A complete model in a directory that cannot be written to needs nothing to be written.
            let run = DownloadRun(context(tag: nil, isReadOnly: true), selected: selected, known: known)
            announce(selected, onEvent)
            defer { report.files = reports.all }
            guard try await run.confirm(into: reports) else { throw error }
            return
        }
        defer { withExtendedLifetime(lock) {} }
        let context = context(tag: lock.isEffective ? nil : Self.privateTag(runtime.random))
        if context.partials.tag != nil {
            onEvent(
                .warning("file locks have no effect on this file system, so this run uses partial files of its own"))
        }
        announce(selected, onEvent)
        defer {
            report.files = reports.all
            report.retries = context.retries.total
            report.sources = zip(sources, context.tally.all).filter { $1 > 0 }.map { source, bytes in
                DownloadReport.Delivery(source: source.shown, bytesDownloaded: bytes)
            }
        }
        do {
            try await DownloadRun(context, selected: selected, known: known).run(into: reports)
        } catch {
            // What was verified stays verified, whatever ended the run.
            try? context.receipts.write()
            throw error
        }
        try context.receipts.write()
    }

    private func warnIfWorldWritable(
        _ directory: ModelDirectory, _ onEvent: @Sendable (DownloadEvent) -> Void
    ) {
        guard directory.isWorldWritable() else { return }
        let path = printable(self.directory, limit: 1024)
        onEvent(
            .warning("\(path) is world-writable: anyone could replace these files. Fix: chmod o-w \(path)"))
    }

    /// The private part of this run's partial names, for a directory whose lock does not keep other runs out.
    private static func privateTag(_ random: Randomness) -> String {
        let bytes = random.bytes(PartialNames.tagLength / 2)
        return bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private func announce(_ selected: [ManifestFile], _ onEvent: @Sendable (DownloadEvent) -> Void) {
        let bytes = selected.reduce(0) { $0 + ($1.plannedSize ?? 0) }
        onEvent(.started(model: manifest.name, directory: directory, files: selected.count, bytes: bytes))
    }
}
