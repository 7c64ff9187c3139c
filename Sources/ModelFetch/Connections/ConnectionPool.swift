internal import Threads
internal import Transfer

/// The connections of a run: how many each origin may have, and which file gets the next one.
///
/// How many is up to a ``ConnectionController`` for each origin; which file gets the next one is decided by ``PooledOrigin``. This type knows
/// the files' signals, and its lock is held for moments: every file and every piece that comes takes it.
final class ConnectionPool: Sendable {
    /// The number of a file that uses connections.
    typealias User = Int

    /// What a file learns when it asks for a connection.
    enum Answer: Hashable, Sendable {
        case taken
        /// No connection is free. The file's signal is notified when that changes.
        case full
    }

    private struct State {
        var origins: [PooledOrigin]
        /// The signals of the files in progress.
        var signals: [User: Signal] = [:]
        var nextUser = 0
    }

    /// The number of each source's origin.
    private let places: [Int]
    private let state: Lock<State>

    /// - Parameters:
    ///   - origins: one for each source, in the order of the sources.
    ///   - cap: the most connections to each of them.
    ///   - first: how many each of them gets before anything is known about it; `nil` for the usual start.
    init(origins: [HTTPURL.Origin], cap: Int, first: Int? = nil) {
        var distinct: [HTTPURL.Origin] = []
        places = origins.map { origin in
            if let known = distinct.firstIndex(of: origin) { return known }
            distinct.append(origin)
            return distinct.count - 1
        }
        state = Lock(State(origins: distinct.map { _ in PooledOrigin(cap: cap, first: first) }))
    }

    // MARK: Files

    /// A number of files begin at once.
    func begin(with files: Int, at now: Duration) {
        state.withLock { state in
            for place in state.origins.indices { state.origins[place].controller.begin(with: files, at: now) }
        }
    }

    /// A file begins to use connections.
    ///
    /// - Parameter signal: is notified when a connection may be free, or is to be given up.
    func enter(_ signal: Signal) -> User {
        state.withLock { state in
            defer { state.nextUser += 1 }
            state.signals[state.nextUser] = signal
            return state.nextUser
        }
    }

    /// A file uses no more connections.
    func leave(_ user: User) {
        wake { state in
            state.signals[user] = nil
            return state.origins.indices.flatMap { place in
                state.origins[place].yields[user] = nil
                return state.origins[place].stopWaiting(user)
            }
        }
    }

    // MARK: Connections

    /// Asks for a connection to a source.
    ///
    /// - Parameter isExtra: whether one more than the limit is allowed, because a connection is silent.
    func take(_ source: Int, for user: User, isExtra: Bool = false) -> Answer {
        var answer = Answer.full
        wake { state in
            let woken: [User]
            (answer, woken) = state.origins[places[source]].take(for: user, isExtra: isExtra)
            return woken
        }
        return answer
    }

    /// A connection is free again.
    ///
    /// - Parameter wasWorking: whether an answer had come (``answered(_:after:at:)``).
    func giveBack(_ source: Int, for user: User, wasWorking: Bool) {
        wake { $0.origins[places[source]].giveBack(for: user, wasWorking: wasWorking) }
    }

    /// The file does not want another connection any more.
    ///
    /// - Parameter sources: those that it still wants one to. A file that waits for what it does not want would keep others from it.
    func stopWaiting(_ user: User, except sources: Set<Int> = []) {
        wake { state in
            state.origins.indices.flatMap { place in
                sources.contains { places[$0] == place } ? [] : state.origins[place].stopWaiting(user)
            }
        }
    }

    /// The connections that the file is to give up now: for a file that has none, or because the origin has collapsed under them.
    ///
    /// - Returns: for each of them the sources whose connection it may be.
    func takeYields(of user: User) -> [[Int]] {
        state.withLock { state in
            state.origins.indices.flatMap { place in
                let count = state.origins[place].yields.removeValue(forKey: user) ?? 0
                return count == 0 ? [] : Array(repeating: places.indices.filter { places[$0] == place }, count: count)
            }
        }
    }

    // MARK: What is learned

    /// A source has answered.
    func answered(_ source: Int, after latency: Duration, at now: Duration) {
        state.withLock { $0.origins[places[source]].answered(after: latency, at: now) }
    }

    /// Bytes have come from a source.
    func received(_ bytes: Int, from source: Int, at now: Duration) {
        wake { $0.origins[places[source]].received(bytes, at: now) }
    }

    /// Time has passed: every file looks after its connections.
    func observe(at now: Duration) {
        wake { state in
            for place in state.origins.indices { _ = state.origins[place].observe(at: now) }
            return state.signals.keys.sorted()
        }
    }

    /// A source refused a connection, or broke one.
    func refused(_ source: Int, _ kind: ConnectionController.Refusal, begun: Duration, at now: Duration) {
        wake { $0.origins[places[source]].refused(kind, begun: begun, at: now) }
    }

    /// A connection was cut because it was far slower than the others.
    func wasSlow(_ source: Int, at now: Duration) { wake { $0.origins[places[source]].wasSlow(at: now) } }

    /// What is known about an origin.
    struct Knowledge: Sendable {
        /// The shortest time from a request to the head of its response.
        var latency: Duration?
        /// What one connection brings, in bytes per second; `nil` if that is not known.
        var rate: Double?
        /// How many connections are in use, and how many may be.
        var active: Int
        var limit: Int
        /// How many connections have an answer.
        var working: Int
        /// When the head of a response or bytes came last, over any of them; `nil` if nothing ever did.
        var movedAt: Duration?

        /// Whether a better source should be asked: one connection brings less than a tenth of what one of the best source brings.
        func isCrawling(beside best: Double) -> Bool {
            guard let rate, working > 0 else { return false }
            return rate < best / 10
        }
    }

    func knowledge(of source: Int, at now: Duration) -> Knowledge {
        state.withLock { $0.origins[places[source]].knowledge(at: now) }
    }

    /// Changes something, and notifies the files that it concerns once the lock is free again.
    private func wake(_ change: (inout State) -> [User]) {
        let signals = state.withLock { state in change(&state).compactMap { state.signals[$0] } }
        for signal in signals { signal.notify() }
    }
}
