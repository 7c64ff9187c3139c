internal import Foundation
internal import Hashing
package import Storage

/// An audit of a directory: whether its files are, byte for byte, what a manifest says.
///
/// Every file is read and hashed, even if it has a receipt. Nothing is written, and no lock is taken.
public struct ModelAudit: Sendable {
    /// The manifest with which the directory is compared.
    public var loaded: LoadedManifest
    /// The directory to audit.
    public var directory: String

    /// Creates an audit of a directory. Nothing is read yet.
    public init(_ loaded: LoadedManifest, of directory: String) {
        self.loaded = loaded
        self.directory = directory
    }

    /// Reads and hashes all files, several at once, the largest first.
    ///
    /// Cancelling the task ends the audit promptly; the report then says so. The method never throws: whatever went wrong is in the
    /// report, and ``AuditReport/get()`` throws it.
    ///
    /// - Parameter onEvent: Called for every event, from any thread; must return soon.
    public func run(onEvent: @escaping @Sendable (DownloadEvent) -> Void = { _ in }) async -> AuditReport {
        let executor: BlockingExecutor
        do throws(Failure) {
            try checkCryptoLibrary()
            executor = try BlockingExecutor(threads: max(ProcessInfo.processInfo.activeProcessorCount, 1))
        } catch {
            var report = AuditReport(
                model: loaded.manifest.name, directory: directory, manifestOrigin: loaded.origin)
            report.failure = error
            return report
        }
        defer { executor.stop() }
        return await run(on: SystemDisk(), time: Time(ContinuousClock()), executor: executor, onEvent: onEvent)
    }

    /// The report of an audit that was cancelled before it began.
    package func cancelledReport() -> AuditReport {
        var report = AuditReport(model: loaded.manifest.name, directory: directory, manifestOrigin: loaded.origin)
        report.isCancelled = true
        return report
    }

    package func run(
        on disk: any Disk, time: Time, executor: any TaskExecutor,
        onEvent: @escaping @Sendable (DownloadEvent) -> Void = { _ in }
    ) async -> AuditReport {
        var report = AuditReport(
            model: loaded.manifest.name, directory: directory, manifestOrigin: loaded.origin)
        let start = time.now()
        await withTaskExecutorPreference(executor) {
            do {
                let directory = try ModelDirectory(existing: directory, on: disk)
                try await audit(directory, &report, onEvent)
            } catch let error as StorageError {
                report.failure = Failure(error)
            } catch {
                report.isCancelled = true
            }
        }
        report.seconds = (time.now() - start) / .seconds(1)
        return report
    }

    private func audit(
        _ directory: ModelDirectory, _ report: inout AuditReport, _ onEvent: @escaping @Sendable (DownloadEvent) -> Void
    ) async throws {
        let manifest = loaded.manifest
        onEvent(
            .started(
                model: manifest.name, directory: self.directory, files: manifest.files.count,
                bytes: manifest.plannedBytes))
        let receipts = Receipts(in: directory)
        let largestFirst = manifest.files.sorted { ($0.plannedSize ?? 0) > ($1.plannedSize ?? 0) }
        let reports = try await withThrowingTaskGroup(of: FileReport.self) { group in
            // The number of threads limits how many are read at once.
            for file in largestFirst {
                group.addTask {
                    let pin = receipts.firstSeenDigest(of: file)
                    let report = try FileAudit(file, in: directory, localPin: pin, onEvent: onEvent).report()
                    onEvent(.finished(report))
                    return report
                }
            }
            var reports: [String: FileReport] = [:]
            for try await report in group { reports[report.path] = report }
            return reports
        }
        report.files = manifest.files.compactMap { reports[$0.path.string] }
        report.files += try ExtraFiles(manifest).reports(in: directory)
    }
}
