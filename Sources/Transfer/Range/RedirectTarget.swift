internal import Threads

/// Where the redirects of a file lead at one source: resolved once, then used for every range until the target refuses or fails.
///
/// A signed target lives for minutes. When it refuses (401 or 403), one request follows the redirects again and the others wait for it,
/// so that sixteen connections do not ask the source sixteen times.
package final class RedirectTarget: Sendable {
    private struct State {
        var location: ResolvedLocation?
        /// How often a location was resolved.
        var generation = 0
        var isResolving = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Lock(State())

    package init() {}

    /// What a request is to do.
    enum Turn: Sendable {
        /// Ask this address.
        case ask(ResolvedLocation, generation: Int)
        /// Follow the redirects. If others wait for that, call ``resolved(_:)`` or ``failed()`` afterwards.
        case resolve(isAwaited: Bool)
    }

    /// Waits while another request follows the redirects.
    ///
    /// - Parameter stale: the generation of a location that has refused.
    /// - Throws: ``TransferError/Code/cancelled`` if the task is cancelled while it would have to wait.
    func turn(after stale: Int? = nil) async -> Turn {
        while true {
            let turn: Turn? = state.withLock { state in
                if let stale, state.generation == stale { state.location = nil }
                if let location = state.location { return .ask(location, generation: state.generation) }
                // A cancelled task does not wait; its request fails at once, which says nothing about the location.
                if Task.isCancelled { return .resolve(isAwaited: false) }
                guard !state.isResolving else { return nil }
                state.isResolving = true
                return .resolve(isAwaited: true)
            }
            if let turn { return turn }
            await wait()
        }
    }

    /// The redirects lead here.
    func resolved(_ location: ResolvedLocation) {
        end { state in
            state.location = location
            state.generation += 1
        }
    }

    /// Following the redirects failed: the next request tries again.
    func failed() { end { _ in } }

    /// A location has failed, for another reason than that it has expired: the next request follows the redirects again.
    func forget(_ generation: Int) {
        state.withLock { state in
            if state.generation == generation { state.location = nil }
        }
    }

    private func end(_ change: (inout State) -> Void) {
        let waiters = state.withLock { state in
            change(&state)
            state.isResolving = false
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    guard state.isResolving, !Task.isCancelled else { return false }
                    state.waiters.append(continuation)
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            let waiters = state.withLock { state in
                defer { state.waiters = [] }
                return state.waiters
            }
            // The others wait again.
            for waiter in waiters { waiter.resume() }
        }
    }
}
