internal import ModelFetch

/// Runs a download for the command line: shows what happens, reports, and knows the exit status.
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
        let lines = PlainProgress(context, isShown: progress != .none && !context.isQuiet && !context.isJSON)
        let events = context.isJSON ? EventPrinter(context) : nil
        let (report, signal) = await Interruption.run {
            await download.run { event in
                lines.show(event)
                events?.show(event)
            }
        }
        // A signal that came when all was done already changes nothing about what was done.
        let status = report.isOK ? 0 : signal ?? (report.isCancelled ? 130 : report.kind?.rawValue ?? 0)
        finish(report, status, isInterrupted: status >= 128)
        return status
    }

    /// Reports a run that ended before it began.
    func finish(_ report: DownloadReport) -> Int32 {
        let status = report.kind?.rawValue ?? 0
        finish(report, status, isInterrupted: false)
        return status
    }

    private func finish(_ report: DownloadReport, _ status: Int32, isInterrupted: Bool) {
        context.say(report.failures)
        if isInterrupted {
            if !context.isQuiet {
                Console.shared.err(
                    "interrupted; everything received is kept: run the same command again to go on from there")
            }
        } else if !context.isQuiet, !context.isJSON, !report.files.isEmpty {
            Console.shared.err(Self.summary(report))
        }
        if context.isJSON { context.print(FinalReport(report, status: status, origin: loaded.origin).json) }
    }

    /// The sentence at the end: what came, how much was there already, how long it took.
    static func summary(_ report: DownloadReport) -> String {
        let done = report.files.filter { [.downloaded, .resumed, .repaired, .skipped, .held].contains($0.state) }
        let skipped = report.files.count { $0.state == .skipped }
        var parts: [String] = []
        if report.isOK, skipped == report.files.count {
            parts.append("nothing to do: \(Words.count(skipped, "file")) verified earlier")
        } else {
            parts.append(
                (report.isOK ? "done: " : "not done: ")
                    + "\(done.count) of \(Words.count(report.files.count, "file")) verified"
                    + (skipped > 0 ? " (\(skipped) earlier)" : ""))
            var received = "\(Words.bytes(report.bytesDownloaded)) received in \(Words.seconds(report.seconds))"
            if report.seconds >= 0.1, report.bytesDownloaded > 0 {
                received += " (\(Words.bytes(Int64(Double(report.bytesDownloaded) / report.seconds)))/s)"
            }
            parts.append(received)
        }
        if report.bytesReused > 0 { parts.append("\(Words.bytes(report.bytesReused)) reused") }
        if report.retries > 0 { parts.append(Words.count(report.retries, "retry", "retries")) }
        if report.files.contains(where: { $0.state == .held }) {
            parts.append("the marker is held back until the model is whole")
        }
        return parts.joined(separator: "; ")
    }
}
