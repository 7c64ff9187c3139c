import Synchronization

/// A clock that stands still until it is told to go on.
final class ManualClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (one: Instant, other: Instant) -> Bool { one.offset < other.offset }
    }

    private struct Sleeper {
        var id: Int
        var due: Instant
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now = Instant(offset: .zero)
        var nextID = 0
        var sleepers: [Sleeper] = []
        var cancelled: Set<Int> = []
        var advancers: [CheckedContinuation<Void, Never>] = []

        mutating func take(where matches: (Sleeper) -> Bool) -> [Sleeper] {
            let taken = sleepers.filter(matches)
            sleepers.removeAll(where: matches)
            return taken
        }
    }

    private let state = Mutex(State())

    var now: Instant { state.withLock { $0.now } }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (goesOn, advancers) = state.withLock { state in
                    if state.cancelled.contains(id) || deadline <= state.now {
                        return (true, [] as [CheckedContinuation<Void, Never>])
                    }
                    state.sleepers.append(Sleeper(id: id, due: deadline, continuation: continuation))
                    defer { state.advancers = [] }
                    return (false, state.advancers)
                }
                if goesOn { continuation.resume() }
                for advancer in advancers { advancer.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                state.cancelled.insert(id)
                return state.take { $0.id == id }.first
            }
            sleeper?.continuation.resume()
        }
        try Task.checkCancellation()
    }

    /// Goes on, once somebody sleeps.
    func advance(by duration: Duration) async {
        await withCheckedContinuation { continuation in
            let somebodySleeps = state.withLock { state in
                if state.sleepers.isEmpty { state.advancers.append(continuation) }
                return !state.sleepers.isEmpty
            }
            if somebodySleeps { continuation.resume() }
        }
        let due = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let now = state.now
            return state.take { $0.due <= now }
        }
        for sleeper in due { sleeper.continuation.resume() }
    }
}
