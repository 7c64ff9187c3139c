internal import ModelFetch

/// The line that an event is worth; `nil` for those that deserve none.
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
            "\(path): the server does not resume; \(Formatting.bytes(bytes)) that are here come again first"
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
        // Of the last one the failure of the file tells.
        case .sourceDropped(_, _, isLast: true): nil
        case .sourceDropped(let path, let failure, isLast: false): "\(path): \(failure.message); asking another source"
        case .finished(let report): line(for: report)
        case .warning, .debug, .progress, .phase, .ended: nil
        }
    }

    /// What is worth a line only to a person who looks for a fault.
    static func detail(of event: DownloadEvent) -> String? {
        switch event {
        case .phase(let path, .receiving): "\(path): bytes come"
        case .phase(let path, .verifying): "\(path): all bytes are here, hashing the rest"
        case .phase(let path, .holding): "\(path): verified, held back until every other file is there"
        case .phase(let path, .publishing): "\(path): verified, giving it its name"
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
        // The whole reason is given at the end, once for all files that it is the same for.
        case .failed: return "\(report.path): failed" + (report.failure.map { " (\($0.brief))" } ?? "")
        case .held: return "\(report.path): \(proof); held back until the model is whole"
        default: return "\(report.path): \(report.state.rawValue) (\(size), \(proof))"
        }
    }
}
