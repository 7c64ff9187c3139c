internal import ModelFetch

/// Which failures were reported already: a host that is down is reported for one file, not for all.
struct DroppedSources: Sendable {
    /// How many files are reported as soon as they fail for one reason. At the end of the run all of them are.
    private static let fewFiles = 5

    private var said: Set<[String]> = []
    private var failed: [String: Int] = [:]

    /// Whether an event about a source or a failure deserves a line. Other events always do.
    ///
    /// - Parameter sums: the run after the event.
    mutating func isNews(_ event: DownloadEvent, _ sums: ProgressState) -> Bool {
        switch event {
        case .sourceDropped(_, let failure, _): return said.insert([failure.source ?? "", failure.brief]).inserted
        case .finished(let report) where report.state == .failed:
            let reason = report.failure?.brief ?? ""
            failed[reason, default: 0] += 1
            // The failure of the last file is reported by the end of the run, which follows immediately.
            return sums.finished < sums.fileCount && failed[reason, default: 0] <= Self.fewFiles
        default: return true
        }
    }
}
