internal import Transfer

/// Whether any source of a run can be reached at all: a value that decides and never waits.
///
/// Without a network, or with a wrong address, every file would try every source as often as it may: minutes, and a page of
/// messages. As long as no source has ever answered, a run has a few seconds in all. Once one has, patience is full.
struct Reachability: Sendable {
    /// How long a run tries from its first request on. The contract says 10 s for the whole run: starting and ending take
    /// their time, too.
    static let patience: Duration = .seconds(8)

    private let waits: Bool
    private let origins: [HTTPURL.Origin]
    private var untried: [HTTPURL.Origin]
    private var began: Duration?
    private(set) var hasAnswered = false
    /// What each host failed with last, in the order in which they failed first.
    private(set) var failures: [(origin: HTTPURL.Origin, error: TransferError)] = []

    /// Why a run that reached nobody ends, for each host: one whose attempt has not ended yet did not answer in time, either.
    var verdicts: [(origin: HTTPURL.Origin, error: TransferError)] {
        var verdicts = failures
        for origin in origins where !verdicts.contains(where: { $0.origin == origin }) {
            verdicts.append((origin, TransferError(.connectTimeout)))
        }
        return verdicts
    }

    /// - Parameters:
    ///   - origins: those of the sources.
    ///   - waits: whether to try for ever.
    init(origins: [HTTPURL.Origin], waits: Bool) {
        self.origins = origins
        untried = origins
        self.waits = waits
    }

    /// How long may still be tried; `nil`: there is no such limit.
    func timeLeft(at now: Duration) -> Duration? {
        guard !hasAnswered, !waits else { return nil }
        guard let began else { return Self.patience }
        return max(began + Self.patience - now, .zero)
    }

    /// A host is about to be asked.
    ///
    /// - Returns: how long connecting may take, so that there is time for every other host; `nil`: there is no such limit.
    mutating func ask(_ origin: HTTPURL.Origin, at now: Duration) -> Duration? {
        if began == nil { began = now }
        untried.removeAll { $0 == origin }
        guard let left = timeLeft(at: now), left > .zero else { return nil }
        return left / (Set(untried).count + 1)
    }

    /// A server answered, with whatever it was.
    mutating func answered() { hasAnswered = true }

    /// An attempt failed before it came to any host, for want of memory or descriptors, say: the time begins anew.
    mutating func failedHere() {
        if failures.isEmpty { began = nil }
    }

    /// No server was reached.
    ///
    /// - Returns: whether it is the host's first failure.
    mutating func failed(_ origin: HTTPURL.Origin, _ error: TransferError) -> Bool {
        if let index = failures.firstIndex(where: { $0.origin == origin }) {
            failures[index].error = error
            return false
        }
        failures.append((origin, error))
        return true
    }
}
