internal import Synchronization
internal import Transfer

/// Which sources can be reached, as the files of a run find out together.
///
/// Each file has its own patience with a source. But where one file has spent it all on a source that nobody ever got an answer
/// from, the others need not wait as long for the same; and where no source answers at all, the run ends (``Reachability``).
final class SourceReach: Sendable {
    private enum Contact { case answered, silent, givenUp }

    private struct State {
        var network: Reachability
        var contacts: [Int: Contact] = [:]
        /// Sources that delivered a whole file where they refused its ranges.
        var rangeless: Set<Int> = []
        /// What is to be said once any source has answered. If none does, one line for each host says it all.
        var held: [DownloadEvent] = []
        /// The files that were said to be connecting.
        var connecting: Set<String> = []
        var verdict: NothingReachable?
    }

    /// More than this is not held.
    private static let mostHeld = 100

    private let emit: @Sendable (DownloadEvent) -> Void
    private let state: Mutex<State>

    /// - Parameters:
    ///   - origins: those of the sources.
    ///   - waits: whether a run without a network goes on trying.
    init(origins: [HTTPURL.Origin], waits: Bool, emit: @escaping @Sendable (DownloadEvent) -> Void) {
        self.emit = emit
        state = Mutex(State(network: Reachability(origins: origins, waits: waits)))
    }

    // MARK: The network

    /// A request is about to be sent.
    ///
    /// - Returns: how long connecting may take, if that is limited.
    func ask(_ origin: HTTPURL.Origin, at now: Duration) -> Duration? {
        state.withLock { $0.network.ask(origin, at: now) }
    }

    /// A server answered, with whatever it was: what was held until then is said.
    func answered() {
        let events: [DownloadEvent] = state.withLock { state in
            state.network.answered()
            defer { state.held = [] }
            return state.held
        }
        for event in events { emit(event) }
    }

    /// How long may still be tried; `nil`: there is no such limit.
    ///
    /// - Throws: ``NothingReachable`` when the time is up, or when another file has found that already.
    func timeLeft(at now: Duration) throws(NothingReachable) -> Duration? {
        let (left, isGivenUp) = state.withLock { state in
            (state.network.timeLeft(at: now), state.verdict != nil && !state.network.hasAnswered)
        }
        if isGivenUp { throw giveUp() }
        guard left == .zero else { return left }
        // A run cannot end because of no host at all.
        guard state.withLock({ !$0.network.failures.isEmpty }) else { return nil }
        throw giveUp()
    }

    /// A file's sources are all out.
    ///
    /// - Throws: ``NothingReachable`` if none of them was ever reached, nor any other.
    func endIfUnreachable(_ errors: [TransferError?]) throws(NothingReachable) {
        guard !errors.isEmpty, errors.allSatisfy({ $0?.isUnreachable == true }),
            state.withLock({ !$0.network.hasAnswered })
        else { return }
        throw giveUp()
    }

    /// Ends the run if any of its files found nothing reachable, whoever has answered since.
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

    /// Says what happened to a source: at once, or when any source has answered.
    func say(_ event: DownloadEvent) {
        let isHeld = state.withLock { state in
            guard !state.network.hasAnswered else { return false }
            if state.held.count < Self.mostHeld { state.held.append(event) }
            return true
        }
        if !isHeld { emit(event) }
    }

    /// Says of a file which source is asked for it: of its first attempt at once, of others as ``say(_:)`` does.
    func say(_ phase: FilePhase, of path: String) {
        let isFirst = state.withLock { $0.connecting.insert(path).inserted }
        if isFirst { emit(.phase(path: path, phase)) } else { say(.phase(path: path, phase)) }
    }

    // MARK: Sources

    /// A source has answered, if only something useless.
    func answered(_ source: Int) { state.withLock { $0.contacts[source] = .answered } }

    /// An attempt failed.
    ///
    /// - Returns: whether it is the first time that this host could not be reached, in a run in which none was so far; and
    ///   whether another file has given the source up before any answer, and this attempt got none either.
    func note(
        _ source: Int, at origin: HTTPURL.Origin, _ error: TransferError
    ) -> (isFirst: Bool, isHopeless: Bool) {
        state.withLock { state in
            guard error.isUnreachable else {
                if error.isOurs { state.network.failedHere() } else { state.contacts[source] = .answered }
                return (false, false)
            }
            let isFirst = state.network.failed(origin, error) && !state.network.hasAnswered
            if state.contacts[source] == nil { state.contacts[source] = .silent }
            return (isFirst, state.contacts[source] == .givenUp)
        }
    }

    /// A file has spent its patience with a source.
    func giveUp(_ source: Int) {
        state.withLock { if $0.contacts[source] == .silent { $0.contacts[source] = .givenUp } }
    }

    // MARK: Ranges

    /// Whether a source has delivered a whole file where it refused its ranges.
    func isRangeless(_ source: Int) -> Bool { state.withLock { $0.rangeless.contains(source) } }

    func noteRangeless(_ source: Int) { state.withLock { _ = $0.rangeless.insert(source) } }
}
