internal import DequeModule
internal import Threads

/// One run and its events, for one consumer. The run begins when the first event is requested, and is cancelled when the feed is
/// released.
final class EventFeed: Sendable {
    private let download: ModelDownload
    private let buffer = Buffer()
    private let run = Lock<Task<Void, Never>?>(nil)

    init(_ download: ModelDownload) { self.download = download }

    // The run does not hold the feed, so the feed is released as soon as its consumer no longer uses it.
    deinit { run.withLock { $0 }?.cancel() }

    /// The next event; `nil` after the one that ends the run.
    ///
    /// If the consumer is cancelled, so is the run. The consumer still gets the remaining events: the last of them tells it that
    /// nothing is running any more.
    func next() async -> DownloadEvent? {
        let run = begun()
        return await withTaskCancellationHandler {
            await buffer.next()
        } onCancel: {
            run.cancel()
        }
    }

    private func begun() -> Task<Void, Never> {
        run.withLock { run in
            if let run { return run }
            let task = Task { [download, buffer] in
                let report = await download.run { buffer.append($0) }
                buffer.append(.ended(report))
            }
            run = task
            return task
        }
    }
}

/// The queue between the run's threads and the consumer.
private final class Buffer: Sendable {
    private typealias Waiter = CheckedContinuation<DownloadEvent?, Never>

    private struct State {
        var queue = EventQueue()
        var isEnded = false
        /// More than one only if copies of an iterator are used at the same time.
        var waiting = Deque<Waiter>()

        /// The waiting consumers that can be resumed now, with what each of them gets.
        mutating func deliveries() -> [(Waiter, DownloadEvent?)] {
            var deliveries: [(Waiter, DownloadEvent?)] = []
            while let waiter = waiting.first {
                let event = queue.popFirst()
                guard event != nil || isEnded else { break }
                deliveries.append((waiter, event))
                waiting.removeFirst()
            }
            return deliveries
        }
    }

    private let state = Lock(State())

    func append(_ event: DownloadEvent) {
        change { state in
            state.queue.append(event)
            if case .ended = event { state.isEnded = true }
        }
    }

    func next() async -> DownloadEvent? {
        await withCheckedContinuation { waiter in change { $0.waiting.append(waiter) } }
    }

    /// Resumes consumers outside the lock, so that the run's threads do not wait for each other here.
    private func change(_ body: (inout State) -> Void) {
        let deliveries = state.withLock { state in
            body(&state)
            return state.deliveries()
        }
        for (waiter, event) in deliveries { waiter.resume(returning: event) }
    }
}
