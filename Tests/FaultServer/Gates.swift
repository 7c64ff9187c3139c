internal import NIOCore
internal import Synchronization

/// Makes responses wait until a test lets them continue.
final class Gates: Sendable {
    private enum State {
        case closed(waiting: [EventLoopPromise<Void>])
        case open
        /// The server is stopping, so they will not be opened any more.
        case gone
    }

    private let state = Mutex(State.closed(waiting: []))

    /// Succeeds when the gates are open; fails if the server stops first.
    func whenOpen(on loop: any EventLoop) -> EventLoopFuture<Void> {
        state.withLock { state in
            switch state {
            case .open: return loop.makeSucceededVoidFuture()
            case .gone: return loop.makeFailedFuture(ChannelError.alreadyClosed)
            case .closed(let waiting):
                let promise = loop.makePromise(of: Void.self)
                state = .closed(waiting: waiting + [promise])
                return promise.futureResult
            }
        }
    }

    /// Lets present and later responses continue.
    func open() {
        for promise in take(leaving: .open) { promise.succeed() }
    }

    /// Makes later responses wait.
    func close() {
        state.withLock { state in
            if case .open = state { state = .closed(waiting: []) }
        }
    }

    /// Fails all waits, present and later ones.
    func abandon() {
        for promise in take(leaving: .gone) { promise.fail(ChannelError.alreadyClosed) }
    }

    private func take(leaving new: State) -> [EventLoopPromise<Void>] {
        state.withLock { state in
            defer { state = new }
            return if case .closed(let waiting) = state { waiting } else { [] }
        }
    }
}
