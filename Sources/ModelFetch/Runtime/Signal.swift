internal import Threads

/// Wakes one waiting task. A call of ``notify()`` while nobody waits is remembered.
final class Signal: Sendable {
    private enum State {
        case idle
        case notified
        case waiting(CheckedContinuation<Void, Never>)
    }

    private let state = Lock(State.idle)

    /// Whether the next call of ``wait()`` would return at once.
    var isNotified: Bool { state.withLock { if case .notified = $0 { true } else { false } } }

    /// Wakes the waiting task, or lets the next call of ``wait()`` return at once.
    func notify() {
        let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
            if case .waiting(let waiter) = state {
                state = .idle
                return waiter
            }
            state = .notified
            return nil
        }
        waiter?.resume()
    }

    /// Waits until it is notified, or until the task is cancelled. One caller at a time.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isNotified = state.withLock { state in
                    if case .notified = state {
                        state = .idle
                        return true
                    }
                    state = .waiting(continuation)
                    return false
                }
                if isNotified { continuation.resume() }
            }
        } onCancel: {
            notify()
        }
    }
}
