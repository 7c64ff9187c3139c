internal import DequeModule
internal import Synchronization
internal import Threads

/// Connects a transfer on the loop's thread with its consumer: the loop puts in a head and chunks, one consumer takes
/// them out.
final class Exchange: Sendable {
    typealias ID = UInt64

    /// The most chunks that are queued; then the transfer is paused.
    static let queueLimit = 4
    /// A paused transfer is resumed when this many are left, rather than for every chunk that is taken.
    static let queueLowWater = 2

    private struct State {
        var head: ResponseHead?
        var queue = Deque<Chunk>()
        /// How the transfer ended: set by the loop, or by `cancel`.
        var end: Result<Void, TransferError>?
        var headWaiter: CheckedContinuation<Result<ResponseHead, TransferError>, Never>?
        var bodyWaiter: CheckedContinuation<Result<Chunk?, TransferError>, Never>?
        /// The loop has paused the transfer: wake the loop when the queue reaches the low-water mark.
        var wakesLoopAtLowWater = false
        /// The loop has buffered less than a chunk: wake the loop when the consumer waits for data.
        var wakesLoopOnDemand = false
    }

    let id: ID
    let request: TransportRequest
    /// The inbox of the transfer's loop.
    private let inbox: LoopInbox
    private let state = Lock(State())
    private let halting = Atomic(false)

    init(id: ID, request: TransportRequest, inbox: LoopInbox) {
        self.id = id
        self.request = request
        self.inbox = inbox
    }
}

// MARK: - The loop's side

extension Exchange {
    /// libcurl also reports success when the connection was closed properly in the middle of the head.
    private static let closedInHead = TransferError(
        .connectionLost, "the server closed the connection before the end of the response head")

    /// Whether the consumer wants no bytes beyond those that were already received.
    var isHalting: Bool { halting.load(ordering: .relaxed) }

    /// Whether the queue takes another chunk.
    var hasRoom: Bool { state.withLock { $0.queue.count < Self.queueLimit } }

    /// Whether the consumer is waiting for bytes.
    var hasWaitingConsumer: Bool { state.withLock { $0.bodyWaiter != nil } }

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

    /// Arranges for the loop to be woken when the queue has room again; returns `false` if it has room now.
    ///
    /// Both in one critical section: if the consumer emptied the queue in between, nothing would wake the loop.
    func requestRoom() -> Bool {
        state.withLock { state in
            guard state.end == nil, state.queue.count > Self.queueLowWater else { return false }
            state.wakesLoopAtLowWater = true
            return true
        }
    }

    /// Whether the consumer is waiting for bytes. If it is not, the loop will be woken when it does.
    func requestDemand() -> Bool {
        state.withLock { state in
            state.wakesLoopOnDemand = state.bodyWaiter == nil
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

    /// Stops receiving. Everything that libcurl has delivered so far is still handed out, and then the exchange ends.
    func halt() {
        halting.store(true, ordering: .relaxed)
        // If the loop has ended, nothing else makes sure that this exchange ends.
        if !inbox.halt(id) { finish(.failure(TransferError(.cancelled))) }
    }

    /// Ends the transfer: at once for waiting callers, and soon on the wire.
    func cancel() {
        // A busy loop still has a lot to receive before it reads its inbox.
        halting.store(true, ordering: .relaxed)
        let (dropped, headWaiter, bodyWaiter, isNews) = state.withLock { state in
            let isNews = state.end == nil
            // If chunks are dropped that were not taken yet, a successful end would claim that the body was complete.
            if isNews || !state.queue.isEmpty { state.end = .failure(TransferError(.cancelled)) }
            defer { state.queue = [] }
            return (state.queue, state.headWaiter.take(), state.bodyWaiter.take(), isNews)
        }
        // Outside the lock: the chunks return their buffers to the pool, which wakes the loop.
        _ = consume dropped
        headWaiter?.resume(returning: .failure(TransferError(.cancelled)))
        bodyWaiter?.resume(returning: .failure(TransferError(.cancelled)))
        if isNews { inbox.cancel(id) }
    }

    /// Returns what is available now; otherwise registers the continuation, if there is one.
    private func poll(
        elseResume continuation: CheckedContinuation<Result<Chunk?, TransferError>, Never>? = nil
    ) -> Result<Chunk?, TransferError>? {
        let (ready, wakes): (Result<Chunk?, TransferError>?, Bool) = state.withLock { state in
            if let chunk = state.queue.popFirst() {
                let wakes = state.wakesLoopAtLowWater && state.queue.count <= Self.queueLowWater
                if wakes { state.wakesLoopAtLowWater = false }
                return (.success(chunk), wakes)
            }
            switch state.end {
            case .failure(let error): return (.failure(error), false)
            case .success: return (.success(nil), false)
            case nil:
                guard let continuation else { return (nil, false) }
                precondition(state.bodyWaiter == nil, "one consumer at a time")
                state.bodyWaiter = continuation
                defer { state.wakesLoopOnDemand = false }
                return (nil, state.wakesLoopOnDemand)
            }
        }
        if wakes { inbox.wake() }
        return ready
    }
}
