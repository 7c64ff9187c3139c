internal import Threads
internal import Transfer

/// Counts the bytes that each source of a run has delivered, for all files together.
final class SourceTally: Sendable {
    private let bytes: Lock<[Int64]>

    init(sources: Int) { bytes = Lock(Array(repeating: 0, count: sources)) }

    func add(_ count: Int64, from source: Int) { bytes.withLock { $0[source] += count } }

    /// In the order of the sources.
    var all: [Int64] { bytes.withLock { $0 } }
}
