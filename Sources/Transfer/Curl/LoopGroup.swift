internal import CCurl
internal import Threads

/// The loops of a transport, which share a pool of buffers.
///
/// The first is started at once, the others when all that there are have transfers. If the system refuses a thread or a
/// multi handle for another loop, those that there are serve everything.
final class LoopGroup: Sendable {
    /// Starts a thread; `nil` if the system refuses one.
    typealias ThreadStart = @Sendable (@escaping @Sendable () -> Void) -> SystemThread?

    private struct Loop {
        let inbox: LoopInbox
        let thread: SystemThread
    }

    private struct State {
        var loops: [Loop] = []
        var balance: LoopBalance
        var isStopping = false
    }

    let pool = BufferPool()
    private let state: Lock<State>
    private let configuration: TransportConfiguration
    private let driver: MultiDriver
    private let startThread: ThreadStart

    init(
        _ configuration: TransportConfiguration, driver: MultiDriver, startThread: @escaping ThreadStart
    ) throws(TransferError) {
        self.configuration = configuration
        self.driver = driver
        self.startThread = startThread
        state = Lock(State(balance: LoopBalance(limit: configuration.maximumLoops)))
        let isStarted = state.withLock { start(0, &$0) }
        guard isStarted else { throw TransferError(.localFailure, "could not start a thread for libcurl") }
    }

    /// The number of loops that were started.
    var count: Int { state.withLock { $0.loops.count } }

    /// Hands an exchange to one of the loops; returns `nil` if they are being stopped.
    func start(id: Exchange.ID, _ request: TransportRequest) -> Exchange? {
        state.withLock { state in
            guard !state.isStopping else { return nil }
            let origin = request.url.origin
            var index = state.balance.place(origin)
            if index == state.loops.count, !start(index, &state) {
                state.balance.withdrawLast()
                index = state.balance.place(origin)
            }
            let inbox = state.loops[index].inbox
            let exchange = Exchange(id: id, request: request, inbox: inbox)
            return inbox.start(exchange) ? exchange : nil
        }
    }

    /// Ends all transfers and waits for the threads to end.
    func stop() {
        let loops = state.withLock { state in
            state.isStopping = true
            return state.loops
        }
        for loop in loops { loop.inbox.stop() }
        for loop in loops { loop.thread.join() }
    }

    /// Starts a loop; returns `false` if the system refuses what it needs.
    private func start(_ index: Int, _ state: inout State) -> Bool {
        guard let multi = MultiReference.make() else { return false }
        let inbox = LoopInbox(multi: multi)
        let (driver, configuration, pool) = (driver, configuration, pool)
        let thread = startThread { [weak self] in
            let loop = CurlLoop(
                multi: multi, driver: driver, inbox: inbox, pool: pool, configuration: configuration
            ) { origin, keepsConnection in
                self?.state.withLock { $0.balance.end(origin, on: index, keepsConnection: keepsConnection) }
            }
            loop.run()
        }
        guard let thread else {
            curl_multi_cleanup(multi.handle)
            return false
        }
        state.loops.append(Loop(inbox: inbox, thread: thread))
        return true
    }
}
