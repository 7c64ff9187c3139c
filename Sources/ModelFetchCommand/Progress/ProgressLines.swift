internal import ModelFetch

/// The line that is printed for an event, if any.
enum ProgressLines {
    static func line(for event: DownloadEvent) -> String? {
        switch event {
        case .started(let model, let directory, let files, let bytes):
            "\(model) into \(printable(directory, limit: 1024)): \(Formatting.count(files, "file")), \(Formatting.bytes(bytes))"
        case .waitingForLock(let directory, let process):
            "another modelfetch\(process.map { " (process \($0))" } ?? "") is working on "
                + "\(printable(directory, limit: 1024)): waiting for it to finish"
        case .phase(let path, .connecting(let source, let offset, let held)):
            held > 0
                ? "\(path): resuming at \(Formatting.bytes(offset)), \(Formatting.bytes(held)) already here, from \(source)"
                : "\(path): from \(source)"
        case .phase(let path, .repeating(let bytes)):
            "\(path): the server cannot resume; \(Formatting.bytes(bytes)) that are already here are sent again"
        case .phase(let path, .hashing): "\(path): already here, hashing it"
        case .phase(let path, .comparing): "\(path): a different file already exists, comparing it with the source"
        case .discarded(let path, let bytes, let reason):
            bytes > 0 ? "\(path): \(Formatting.bytes(bytes)) will be fetched again: \(reason)" : "\(path): \(reason)"
        case .replaced(let path, let kept, let bytes):
            "\(printable(path)): the file that was here (\(Formatting.bytes(bytes))) is kept as \(printable(kept))"
        case .retrying(let path, let failure, let attempt, let pause):
            "\(path): \(failure.message); "
                + (pause > .zero ? "trying again in \(Formatting.seconds(pause))" : "trying again")
                + " (attempt \(attempt + 1))"
        // The last one is reported by the failure of the file.
        case .sourceDropped(_, _, isLast: true): nil
        case .sourceDropped(let path, let failure, isLast: false): "\(path): \(failure.message); asking another source"
        case .finished(let report): line(for: report)
        case .warning, .debug, .progress, .phase, .ended: nil
        }
    }

    /// The line for an event that is printed only with --verbose.
    static func detail(of event: DownloadEvent) -> String? {
        switch event {
        case .phase(let path, .receiving): "\(path): receiving"
        case .phase(let path, .verifying): "\(path): all bytes received, hashing the rest"
        case .phase(let path, .holding): "\(path): verified, held back until every other file is complete"
        case .phase(let path, .publishing): "\(path): verified, publishing"
        default: nil
        }
    }

    private static func line(for report: FileReport) -> String? {
        let size = report.size.map { Formatting.bytes($0) } ?? "size unknown"
        let proof =
            report.isPinned
            ? "verified"
            : "unpinned: checked by " + (report.evidence.isEmpty ? "nothing" : report.evidence.joined(separator: ", "))
        switch report.state {
        case .skipped: return "\(report.path): already here (\(size), \(proof))"
        // The full reason is printed at the end, once for all files that share it.
        case .failed: return "\(report.path): failed" + (report.failure.map { " (\($0.brief))" } ?? "")
        case .held: return "\(report.path): \(proof); held back until the model is complete"
        default: return "\(report.path): \(report.state.rawValue) (\(size), \(proof))"
        }
    }
}
