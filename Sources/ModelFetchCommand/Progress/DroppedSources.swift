internal import ModelFetch

/// Which bad news was given already: of a host that is away one file tells, and the others need not.
struct DroppedSources: Sendable {
    /// So many files that failed for one reason are named when they do; all of them are at the end.
    private static let fewFiles = 5

    private var said: Set<[String]> = []
    private var failed: [String: Int] = [:]

    /// Whether an event is worth its line, as far as sources and failures are concerned.
    ///
    /// - Parameter sums: the run after the event.
    mutating func isNews(_ event: DownloadEvent, _ sums: ProgressState) -> Bool {
        switch event {
        case .sourceDropped(_, let failure, _): return said.insert([failure.source ?? "", failure.brief]).inserted
        case .finished(let report) where report.state == .failed:
            let reason = report.failure?.brief ?? ""
            failed[reason, default: 0] += 1
            // Of the last file the end of the run tells, which follows at once.
            return sums.finished < sums.fileCount && failed[reason, default: 0] <= Self.fewFiles
        default: return true
        }
    }
}
