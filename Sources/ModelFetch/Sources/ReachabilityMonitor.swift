internal import Threads
internal import Transfer

/// Watches over a run whether any source answers (``Reachability``), and ends the run if none does.
///
/// Until a source answers, messages about single attempts are held back: if none does, one line for each host says it all.
final class ReachabilityMonitor: Sendable {
    private struct State {
        var network: Reachability
        /// Events to emit once a source has answered.
        var held: [DownloadEvent] = []
        /// The files for which a first connection was announced.
        var connecting: Set<String> = []
        var verdict: NothingReachable?
    }

    /// More events are dropped.
    private static let mostHeld = 100

    private let emitter: @Sendable (DownloadEvent) -> Void
    private let state: Lock<State>

    /// - Parameters:
    ///   - origins: the origins of the sources.
    ///   - waits: whether a run without a network keeps trying.
    init(origins: [HTTPURL.Origin], waits: Bool, emit: @escaping @Sendable (DownloadEvent) -> Void) {
        emitter = emit
        state = Lock(State(network: Reachability(origins: origins, waits: waits)))
    }

    // MARK: The network

    /// A request is about to be sent.
    ///
    /// - Returns: how long connecting may take; `nil` if there is no limit.
    func ask(_ origin: HTTPURL.Origin, at now: Duration) -> Duration? {
        state.withLock { $0.network.ask(origin, at: now) }
    }

    /// A server answered, whatever the answer was: emits the events that were held back until then.
    func answered() {
        let events: [DownloadEvent] = state.withLock { state in
            state.network.answered()
            defer { state.held = [] }
            return state.held
        }
        for event in events { emitter(event) }
    }

    /// How long the run may keep trying; `nil` if there is no limit.
    ///
    /// - Throws: ``NothingReachable`` when the time is up, or when another file has already found that nothing can be reached.
    func timeLeft(at now: Duration) throws(NothingReachable) -> Duration? {
        let (left, isGivenUp) = state.withLock { state in
            (state.network.timeLeft(at: now), state.verdict != nil && !state.network.hasAnswered)
        }
        if isGivenUp { throw giveUp() }
        guard left == .zero else { return left }
        // A run does not end before an attempt has failed.
        guard state.withLock({ !$0.network.failures.isEmpty }) else { return nil }
        throw giveUp()
    }

    /// A file has run out of sources.
    ///
    /// - Throws: ``NothingReachable`` if no source was ever reached in this run.
    func endIfUnreachable(_ errors: [TransferError?]) throws(NothingReachable) {
        guard !errors.isEmpty, errors.allSatisfy({ $0?.isUnreachable == true }),
            state.withLock({ !$0.network.hasAnswered })
        else { return }
        throw giveUp()
    }

    /// Ends the run if any of its files found nothing reachable, even if a source has answered since.
    func endIfNothingReachable() throws(NothingReachable) {
        if let verdict = state.withLock({ $0.verdict }) { throw verdict }
    }

    private func giveUp() -> NothingReachable {
        state.withLock { state in
            let verdict = state.verdict ?? NothingReachable(state.network.verdicts)
            state.verdict = verdict
            state.held = []
            return verdict
        }
    }

    /// Emits an event about an attempt: at once, or as soon as a source has answered.
    func emit(_ event: DownloadEvent) {
        let isHeld = state.withLock { state in
            guard !state.network.hasAnswered else { return false }
            if state.held.count < Self.mostHeld { state.held.append(event) }
            return true
        }
        if !isHeld { emitter(event) }
    }

    /// Announces that a file connects to a source: the file's first attempt at once, later ones as ``emit(_:)`` does.
    func emit(_ phase: FilePhase, of path: String) {
        let isFirst = state.withLock { $0.connecting.insert(path).inserted }
        if isFirst { emitter(.phase(path: path, phase)) } else { emit(.phase(path: path, phase)) }
    }

    // MARK: Failures

    /// An attempt failed.
    ///
    /// - Returns: whether it is the first time that this host could not be reached, in a run in which no source has answered.
    func failed(_ origin: HTTPURL.Origin, _ error: TransferError) -> Bool {
        state.withLock { state in
            guard error.isUnreachable else {
                if error.isOurs { state.network.failedHere() }
                return false
            }
            return state.network.failed(origin, error) && !state.network.hasAnswered
        }
    }
}
