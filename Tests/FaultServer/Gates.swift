internal import NIOCore
internal import Synchronization

/// What replies stand at until a test lets them go on.
final class Gates: Sendable {
    private enum State {
        case closed(waiting: [EventLoopPromise<Void>])
        case open
        /// The server stops: nobody will open them any more.
        case gone
    }

    private let state = Mutex(State.closed(waiting: []))

    /// Kept when the gates are open; broken when they never will be.
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

    /// Lets go on whoever waits, and whoever comes.
    func open() {
        for promise in take(leaving: .open) { promise.succeed() }
    }

    /// Whoever comes from now on waits.
    func close() {
        state.withLock { state in
            if case .open = state { state = .closed(waiting: []) }
        }
    }

    /// Nobody waits any more, nor goes on.
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
