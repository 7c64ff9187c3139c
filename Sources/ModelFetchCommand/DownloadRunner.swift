internal import Glibc
internal import ModelFetch

/// Runs a download: shows progress, prints the report, and determines the exit status.
struct DownloadRunner {
    private let context: CommandContext
    private let loaded: LoadedManifest
    private let progress: ProgressStyle

    init(_ context: CommandContext, _ loaded: LoadedManifest, progress: ProgressStyle) {
        self.context = context
        self.loaded = loaded
        self.progress = progress
    }

    func run(_ download: ModelDownload) async -> Int32 {
        let view = ProgressViews.view(context, style: progress, sizes: loaded.manifest.plannedSizes)
        let events = context.isJSON ? EventPrinter(context) : nil
        let ((report, signal), sums) = await view.accompany {
            await SignalHandling.run {
                await download.run { event in
                    view.show(event)
                    events?.show(event)
                }
            }
        }
        // A signal that arrived after the download was complete does not change its result.
        let ending = report.isCancelled ? ExitStatus.ofSignal(SIGINT) : ExitStatus.of(report.kind)
        let status = report.isOK ? ExitStatus.success : signal ?? ending
        finish(report, status, sums, isInterrupted: ExitStatus.isOfSignal(status))
        return status
    }

    /// Reports a run that ended during its preparation.
    func finish(_ report: DownloadReport) -> Int32 {
        let status = ExitStatus.of(report.kind)
        finish(report, status, ProgressState(), isInterrupted: false)
        return status
    }

    private func finish(_ report: DownloadReport, _ status: Int32, _ sums: ProgressState, isInterrupted: Bool) {
        var verdict: String?
        if isInterrupted {
            if !context.isQuiet { verdict = Self.farewell(report, sums) }
        } else if !context.isQuiet, !context.isJSON, !report.files.isEmpty, !Self.receivedNothing(report) {
            verdict = Self.summary(report)
        }
        context.say(report.failures, verdict: verdict)
        if context.isJSON { context.print(FinalReport(report, status: status, origin: loaded.origin).json) }
    }

    /// The failure alone describes such a run; a summary would add nothing.
    private static func receivedNothing(_ report: DownloadReport) -> Bool {
        report.failure != nil && report.bytesDownloaded == 0 && report.files.allSatisfy { $0.state == .failed }
    }

    /// The sentence after Ctrl-C: what is kept, and how to resume.
    static func farewell(_ report: DownloadReport, _ sums: ProgressState) -> String {
        guard Self.isThere(report.directory) else {
            return "interrupted; nothing is kept, since \(printable(report.directory, limit: 1024)) was removed"
        }
        let kept =
            sums.done > 0 && sums.totalBytes > 0
            ? "\(Formatting.bytes(sums.done)) of \(Formatting.bytes(sums.totalBytes)) is kept in "
                + printable(report.directory, limit: 1024)
            : "everything received is kept"
        return "interrupted; \(kept): run the same command again to resume"
    }

    private static func isThere(_ directory: String) -> Bool { access(directory, F_OK) == 0 || errno != ENOENT }

    /// The sentence at the end: how many files are verified, what was received from where, and how long it took.
    static func summary(_ report: DownloadReport) -> String {
        let done = report.files.filter { [.downloaded, .resumed, .repaired, .skipped, .held].contains($0.state) }
        let skipped = report.files.count { $0.state == .skipped }
        let unpinnedCount = done.count { !$0.isPinned }
        let unpinned = unpinnedCount == 0 ? "" : ", \(unpinnedCount) of them without a known SHA-256"
        var parts: [String] = []
        if report.isOK, skipped == report.files.count {
            parts.append("nothing to do: \(Formatting.count(skipped, "file")) verified earlier" + unpinned)
        } else {
            parts.append(
                (report.isOK ? "done: " : "not done: ")
                    + "\(done.count) of \(Formatting.count(report.files.count, "file")) verified"
                    + (skipped > 0 ? " (\(skipped) earlier)" : "") + unpinned)
            let origin = Self.origin(report.sources)
            var received =
                "\(Formatting.bytes(report.bytesDownloaded)) received\(origin) in \(Formatting.seconds(report.seconds))"
            if report.seconds >= 0.1, report.bytesDownloaded > 0 {
                received += " (\(Formatting.bytes(Int64(Double(report.bytesDownloaded) / report.seconds)))/s)"
            }
            parts.append(received)
        }
        if report.bytesReused > 0 { parts.append("\(Formatting.bytes(report.bytesReused)) reused") }
        if report.retries > 0 { parts.append(Formatting.count(report.retries, "retry", "retries")) }
        if report.files.contains(where: { $0.state == .held }) {
            parts.append("the marker is held back until the model is complete")
        }
        return parts.joined(separator: "; ")
    }

    /// The hosts from which bytes were received, most bytes first.
    private static func origin(_ sources: [DownloadReport.Delivery]) -> String {
        var byHost: [String: Int64] = [:]
        for delivery in sources {
            let host = delivery.source.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first
            byHost[host.map(String.init) ?? delivery.source, default: 0] += delivery.bytesDownloaded
        }
        let hosts = byHost.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        switch hosts.count {
        case 0: return ""
        case 1: return " from \(hosts[0].key)"
        default:
            return " (" + hosts.map { "\(Formatting.bytes($0.value)) from \($0.key)" }.joined(separator: ", ") + ")"
        }
    }
}
