internal import Storage
internal import Threads
internal import Transfer

/// The health of a run's sources, shared by the tasks of the run.
final class SourceHealthTable: Sendable {
    private let origins: [HTTPURL.Origin]
    private let entries: Lock<[SourceHealth]>

    /// - Parameter origins: one for each source, in the order of the sources.
    init(origins: [HTTPURL.Origin]) {
        self.origins = origins
        entries = Lock(origins.map { _ in SourceHealth() })
    }

    /// One value for each source.
    var all: [SourceHealth] { entries.withLock { $0 } }

    /// How often each source was caught (``SourceHealth/timesCaught``).
    func caught(_ sources: [Source]) -> [SourceID: Int] {
        Dictionary(zip(sources.map(\.id), all.map(\.timesCaught)), uniquingKeysWith: max)
    }

    /// Changes what is known about a source.
    func update<Result: Sendable>(_ source: Int, _ change: (inout SourceHealth) -> Result) -> Result {
        entries.withLock { change(&$0[source]) }
    }

    /// The host of a source asked to be left alone (`Retry-After`). This counts for every source on the same host.
    func pauseHost(of source: Int, for pause: Duration, now: Duration) {
        entries.withLock { entries in
            for index in origins.indices where origins[index] == origins[source] {
                entries[index].pause(pause, now: now)
            }
        }
    }
}
