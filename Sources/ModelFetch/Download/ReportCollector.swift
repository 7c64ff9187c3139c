internal import Hashing
internal import Storage
internal import Threads

/// Collects the reports of a run's files. Each file finishes once.
final class ReportCollector: Sendable {
    private let emit: @Sendable (DownloadEvent) -> Void
    private let state: Lock<State>

    private struct State {
        var order: [ManifestPath]
        var reports: [ManifestPath: FileReport]
        var finished: Set<ManifestPath> = []
        var hasFailures = false
        var held: Held?
    }

    /// The verified marker, waiting for the rest.
    struct Held: Sendable {
        var file: VerifiedFile
        /// Its state once it is published.
        var state: FileReport.State
        /// The file under its final name, if that may be replaced without being kept.
        var expendable: FileStatus?
    }

    init(_ files: [ManifestFile], emit: @escaping @Sendable (DownloadEvent) -> Void) {
        self.emit = emit
        var reports: [ManifestPath: FileReport] = [:]
        for file in files {
            reports[file.path] = FileReport(
                path: file.path.string, state: .failed, size: file.plannedSize, sha256: file.sha256,
                isPinned: file.isPinned)
        }
        state = Lock(State(order: files.map(\.path), reports: reports))
    }

    /// The reports in the manifest's order. A file that the run did not reach is `failed` without a failure.
    var all: [FileReport] { state.withLock { state in state.order.compactMap { state.reports[$0] } } }

    var hasFailures: Bool { state.withLock { $0.hasFailures } }

    func isSelected(_ file: ManifestFile) -> Bool { state.withLock { $0.reports[file.path] != nil } }

    func finish(_ outcome: FileReport.State, _ file: ManifestFile, digest: SHA256Digest) {
        update(file) { report in
            report.state = outcome
            report.sha256 = digest
            if !file.isPinned { report.evidence = Self.evidence(for: file, digest: digest) }
        }
    }

    func fail(_ failure: Failure, _ file: ManifestFile) {
        update(file) { report in
            report.state = .failed
            report.failure = failure
        }
    }

    /// Notes the byte counts of a file.
    func count(_ runner: FailoverRunner, reused: Int64, _ file: ManifestFile) {
        state.withLock { state in
            state.reports[file.path]?.bytesDownloaded = runner.receivedBytes
            state.reports[file.path]?.bytesDuplicated = runner.duplicatedBytes
            state.reports[file.path]?.bytesReused = reused
        }
    }

    // MARK: The marker

    /// The verified marker, waiting for the rest.
    var held: Held? { state.withLock { $0.held } }

    func hold(_ verified: VerifiedFile, as outcome: FileReport.State, over expendable: FileStatus?) {
        state.withLock { $0.held = Held(file: verified, state: outcome, expendable: expendable) }
    }

    private func update(_ file: ManifestFile, _ change: (inout FileReport) -> Void) {
        let finished: FileReport? = state.withLock { state in
            guard var report = state.reports[file.path], state.finished.insert(file.path).inserted else { return nil }
            change(&report)
            state.reports[file.path] = report
            if report.failure != nil { state.hasFailures = true }
            return report
        }
        if let finished { emit(.finished(finished)) }
    }

    /// What was checked about a file for which the manifest has no SHA-256.
    private static func evidence(for file: ManifestFile, digest: SHA256Digest) -> [String] {
        var evidence: [String] = []
        if file.size != nil {
            evidence.append("size")
        } else if file.expected?.size != nil {
            evidence.append("expected size")
        }
        if let expected = file.expected?.sha256 {
            evidence.append(expected == digest ? "expected sha256" : "two sources with the same sha256")
        }
        return evidence
    }
}
