internal import ModelFetch

/// Which sources were said to be out, and why: of a host that is away one file tells, and the others need not.
struct DroppedSources: Sendable {
    private var said: Set<[String]> = []

    /// Whether an event is worth its line, as far as sources are concerned.
    mutating func isNews(_ event: DownloadEvent) -> Bool {
        guard case .sourceDropped(_, let failure, _) = event else { return true }
        return said.insert([failure.source ?? "", failure.brief]).inserted
    }
}
