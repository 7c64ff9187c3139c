internal import DequeModule
internal import Synchronization

/// The meeting place of one transfer: the loop's thread puts a head and chunks in, one consumer takes them out.
final class Exchange: Sendable {
    typealias ID = UInt64

    /// So many full chunks wait at most; then the transfer is held back.
    static let queueLimit = 4
    /// A transfer that was held back goes on once so few are left: not at every single one.
    static let queueLowWater = 2

    private struct State {
        var head: ResponseHead?
        var queue = Deque<Chunk>()
        /// Set by the loop when nothing more will come, or by `cancel`.
        var end: Result<Void, TransferError>?
        var headWaiter: CheckedContinuation<Result<ResponseHead, TransferError>, Never>?
        var bodyWaiter: CheckedContinuation<Result<Chunk?, TransferError>, Never>?
        /// The loop held the transfer back: wake it at the low-water mark.
        var nudgeAtLowWater = false
        /// The loop has some bytes, but not a chunk full: wake it when somebody wants them.
        var nudgeWhenWanted = false
    }

    let id: ID
    let request: TransportRequest
    private let inbox: LoopInbox
    private let state = Mutex(State())
    private let halting = Atomic(false)

    init(id: ID, request: TransportRequest, inbox: LoopInbox) {
        self.id = id
        self.request = request
        self.inbox = inbox
    }
}

// MARK: - The loop's side

extension Exchange {
    /// libcurl calls a transfer done, too, whose connection was closed in good order in the midst of the head.
    private static let closedInHead = TransferError(.connectionLost, "closed before the end of the head")

    /// No more bytes are wanted: those that came are to be handed over, and that is all.
    var isHalting: Bool { halting.load(ordering: .relaxed) }

    /// The queue takes another full chunk.
    var hasRoom: Bool { state.withLock { $0.queue.count < Self.queueLimit } }

    /// Somebody wants bytes and there are none.
    var isWanted: Bool { state.withLock { $0.bodyWaiter != nil } }

    func deliver(_ head: ResponseHead) {
        let waiter = state.withLock { state in
            state.head = head
            return state.headWaiter.take()
        }
        waiter?.resume(returning: .success(head))
    }

    func push(_ chunk: Chunk) {
        let waiter = state.withLock { state in
            guard state.end == nil else { return state.bodyWaiter.take() }
            if state.bodyWaiter == nil { state.queue.append(chunk) }
            return state.bodyWaiter.take()
        }
        waiter?.resume(returning: .success(chunk))
    }

    /// Asks for a nudge when there is room again; `false` if there is already.
    ///
    /// One step under the lock: a consumer that empties the queue between a look and a request would never nudge.
    func requestRoom() -> Bool {
        state.withLock { state in
            guard state.end == nil, state.queue.count > Self.queueLowWater else { return false }
            state.nudgeAtLowWater = true
            return true
        }
    }

    /// Whether somebody waits for bytes now; if not, there will be a nudge when somebody does.
    func isWantedOrWillNudge() -> Bool {
        state.withLock { state in
            state.nudgeWhenWanted = state.bodyWaiter == nil
            return state.bodyWaiter != nil
        }
    }

    func finish(_ result: Result<Void, TransferError>) {
        let (headWaiter, bodyWaiter) = state.withLock { state in
            if state.end == nil { state.end = result }
            return (state.headWaiter.take(), state.bodyWaiter.take())
        }
        switch result {
        case .success:
            headWaiter?.resume(returning: .failure(Self.closedInHead))
            bodyWaiter?.resume(returning: .success(nil))
        case .failure(let error):
            headWaiter?.resume(returning: .failure(error))
            bodyWaiter?.resume(returning: .failure(error))
        }
    }
}

// MARK: - The consumer's side

extension Exchange {
    func head() async throws(TransferError) -> ResponseHead {
        try await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready: Result<ResponseHead, TransferError>? = state.withLock { state in
                    if let head = state.head { return .success(head) }
                    switch state.end {
                    case .failure(let error): return .failure(error)
                    case .success: return .failure(Self.closedInHead)
                    case nil:
                        state.headWaiter = continuation
                        return nil
                    }
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            cancel()
        }.get()
    }

    func next() async throws(TransferError) -> Chunk? {
        if let ready = poll() { return try ready.get() }
        return try await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if let ready = poll(elseResume: continuation) { continuation.resume(returning: ready) }
            }
        } onCancel: {
            halt()
        }.get()
    }

    /// Asks for no more bytes. Those that came are still handed out, up to the last that libcurl gave us; then comes the end.
    func halt() {
        halting.store(true, ordering: .relaxed)
        // With the loop gone nothing comes any more, and whoever waits has been told.
        if !inbox.halt(id) { finish(.failure(TransferError(.cancelled))) }
    }

    /// Ends the transfer, at once for whoever waits, and soon on the wire.
    func cancel() {
        let (dropped, headWaiter, bodyWaiter, isNews) = state.withLock { state in
            let isNews = state.end == nil
            // Where chunks are dropped that nobody has taken, a good end would say that all was there.
            if isNews || !state.queue.isEmpty { state.end = .failure(TransferError(.cancelled)) }
            defer { state.queue = [] }
            return (state.queue, state.headWaiter.take(), state.bodyWaiter.take(), isNews)
        }
        // Outside the lock: chunks go back to their pool, which wakes the loop.
        _ = consume dropped
        headWaiter?.resume(returning: .failure(TransferError(.cancelled)))
        bodyWaiter?.resume(returning: .failure(TransferError(.cancelled)))
        if isNews { inbox.cancel(id) }
    }

    /// What can be had at once; otherwise registers the continuation, if there is one.
    private func poll(
        elseResume continuation: CheckedContinuation<Result<Chunk?, TransferError>, Never>? = nil
    ) -> Result<Chunk?, TransferError>? {
        let (ready, nudges): (Result<Chunk?, TransferError>?, Bool) = state.withLock { state in
            if let chunk = state.queue.popFirst() {
                let nudges = state.nudgeAtLowWater && state.queue.count <= Self.queueLowWater
                if nudges { state.nudgeAtLowWater = false }
                return (.success(chunk), nudges)
            }
            switch state.end {
            case .failure(let error): return (.failure(error), false)
            case .success: return (.success(nil), false)
            case nil:
                guard let continuation else { return (nil, false) }
                precondition(state.bodyWaiter == nil, "one consumer at a time")
                state.bodyWaiter = continuation
                defer { state.nudgeWhenWanted = false }
                return (nil, state.nudgeWhenWanted)
            }
        }
        if nudges { inbox.nudge() }
        return ready
    }
}
