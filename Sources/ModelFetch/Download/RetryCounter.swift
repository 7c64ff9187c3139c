internal import Synchronization

/// Counts the attempts of a run that followed a failed one.
final class RetryCounter: Sendable {
    private let retries = Atomic(0)

    func count() { retries.add(1, ordering: .relaxed) }

    var total: Int { retries.load(ordering: .relaxed) }
}
