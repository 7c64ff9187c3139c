internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// The listening socket, which can be closed and opened again on the same port.
final class Listener: Sendable {
    private struct Guarded {
        var channel: (any Channel)?
        var port: Int
        /// Keeps the port for this server while nothing listens on it.
        var reservation: PortReservation?
        /// Whether the server has stopped: a pause that ends later must not listen again.
        var isDown = false
    }

    private let group: any EventLoopGroup
    private let address: String
    private let guarded: Mutex<Guarded>
    private let state: ServerState

    init(group: any EventLoopGroup, address: String, port: Int, state: ServerState) {
        self.group = group
        self.address = address
        self.state = state
        guarded = Mutex(Guarded(port: port))
    }

    var port: Int { guarded.withLock { $0.port } }

    /// Begins to listen. If port 0 was given, the first call chooses a free port, which is then kept.
    func listen() async throws {
        try await bind().get()
    }

    /// Closes the listening socket, so that new connections are refused. Existing ones stay open.
    func close(forGood: Bool = false) async {
        try? await takeChannel(forGood: forGood)?.close().get()
    }

    /// Begins to close the listening socket, which is done on return if there is only one event loop.
    func stopListening() {
        takeChannel(forGood: false)?.close(promise: nil)
    }

    /// Refuses connections for a time, unless ``listen()`` is called earlier.
    ///
    /// - Returns: a future that succeeds when connections are refused.
    func pause(milliseconds: Int, on loop: any EventLoop) -> EventLoopFuture<Void> {
        guard let channel = takeChannel(forGood: false) else { return loop.makeSucceededVoidFuture() }
        listen(in: .milliseconds(Int64(milliseconds)), on: channel.eventLoop)
        return channel.close().hop(to: loop)
    }

    /// Listens after a delay, and retries until that succeeds, the server was made to listen otherwise, or it has
    /// stopped.
    private func listen(in delay: TimeAmount, on loop: any EventLoop) {
        loop.scheduleTask(in: delay) {
            self.bind().whenFailure { _ in
                guard !self.guarded.withLock({ $0.isDown || $0.channel != nil }) else { return }
                self.listen(in: .milliseconds(10), on: loop)
            }
        }
    }

    private var isListening: Bool { guarded.withLock { $0.channel != nil } }

    private func takeChannel(forGood: Bool) -> (any Channel)? {
        guarded.withLock { state in
            defer { state.channel = nil }
            state.isDown = state.isDown || forGood
            return state.channel
        }
    }

    private func bind() -> EventLoopFuture<Void> {
        if isListening { return group.next().makeSucceededVoidFuture() }
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.socketOption(.init(rawValue: PortReservation.sharing)), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = Connection(state: self.state, listener: self)
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            // So that the client's close is an event in which the log can still be completed.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(host: address, port: port)
            .map { channel in
                let isDown = self.guarded.withLock { state in
                    state.channel = channel
                    state.port = channel.localAddress?.port ?? state.port
                    if state.reservation == nil {
                        state.reservation = PortReservation(address: self.address, port: state.port)
                    }
                    return state.isDown
                }
                if isDown { channel.close(promise: nil) }
            }
    }
}
