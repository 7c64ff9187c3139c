internal import Threads

/// Lets one task wait, without a thread, until there may be something for it to do. A signal that comes while it does not wait is
/// kept, so that its next wait returns at once; several such signals count as one.
final class WakeUp: Sendable {
    private enum State {
        case idle, signalled
        case waiting(CheckedContinuation<Void, Never>)
    }

    private let state = Lock(State.idle)

    /// Ends the wait.
    func signal() {
        let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
            if case .waiting(let waiter) = state {
                state = .idle
                return waiter
            }
            state = .signalled
            return nil
        }
        waiter?.resume()
    }

    /// Waits for a signal, or until the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let isSignalled = state.withLock { state in
                    switch state {
                    case .signalled:
                        state = .idle
                        return true
                    case .idle:
                        state = .waiting(waiter)
                        return false
                    case .waiting: preconditionFailure("one task waits at a time")
                    }
                }
                if isSignalled { waiter.resume() }
            }
        } onCancel: {
            signal()
        }
    }
}
