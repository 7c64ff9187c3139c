internal import Transfer

/// Whether any source of a run can be reached at all. A value: it decides and never waits.
///
/// Without a network, or with a wrong address, every file would spend all its attempts on every source, for minutes and with a page of
/// messages. Therefore a run fails after a few seconds if no source has answered by then. Once a source has answered, this limit no
/// longer applies.
struct Reachability: Sendable {
    /// How long a run keeps trying after its first request. A run is to fail within 10 s, including the time that it needs to start
    /// and to end.
    static let patience: Duration = .seconds(8)

    private let waits: Bool
    private let origins: [HTTPURL.Origin]
    private var untried: [HTTPURL.Origin]
    private var began: Duration?
    private(set) var hasAnswered = false
    /// The last failure of each host, in the order of their first failures.
    private(set) var failures: [(origin: HTTPURL.Origin, error: TransferError)] = []

    /// Why each host could not be reached. A host whose attempt has not ended yet did not answer in time.
    var verdicts: [(origin: HTTPURL.Origin, error: TransferError)] {
        var verdicts = failures
        for origin in origins where !verdicts.contains(where: { $0.origin == origin }) {
            verdicts.append((origin, TransferError(.connectTimeout)))
        }
        return verdicts
    }

    /// - Parameters:
    ///   - origins: the origins of the sources.
    ///   - waits: whether to keep trying without a limit.
    init(origins: [HTTPURL.Origin], waits: Bool) {
        self.origins = origins
        untried = origins
        self.waits = waits
    }

    /// The time that is left; `nil` if there is no limit.
    func timeLeft(at now: Duration) -> Duration? {
        guard !hasAnswered, !waits else { return nil }
        guard let began else { return Self.patience }
        return max(began + Self.patience - now, .zero)
    }

    /// A request is about to be sent to a host.
    ///
    /// - Returns: how long connecting may take, so that there is time for every other host; `nil` if there is no limit.
    mutating func ask(_ origin: HTTPURL.Origin, at now: Duration) -> Duration? {
        if began == nil { began = now }
        untried.removeAll { $0 == origin }
        guard let left = timeLeft(at: now), left > .zero else { return nil }
        return left / (Set(untried).count + 1)
    }

    /// A server answered, whatever the answer was.
    mutating func answered() { hasAnswered = true }

    /// An attempt failed on this machine, for example because of too little memory: the time starts again.
    mutating func failedHere() {
        if failures.isEmpty { began = nil }
    }

    /// A host could not be reached.
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
