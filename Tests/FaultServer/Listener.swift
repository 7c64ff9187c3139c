internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// The listening socket, which can go away and come back on the same port.
final class Listener: Sendable {
    private struct Guarded {
        var channel: (any Channel)?
        var port: Int
        /// Keeps the port while nobody listens on it.
        var reservation: PortReservation?
        /// Set for good when the server stops: a pause that ends later must not listen again.
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

    /// Begins to listen; the port that was free at the first time is kept from then on.
    func listen() async throws {
        try await bind().get()
    }

    /// Closes the listening socket: from now on connections are refused. Accepted ones live on.
    func close(forGood: Bool = false) async {
        try? await takeChannel(forGood: forGood)?.close().get()
    }

    /// Refuses connections for a while, unless somebody has it ``listen()`` sooner.
    /// - Returns: when the first connection is refused.
    func pause(milliseconds: Int, on loop: any EventLoop) -> EventLoopFuture<Void> {
        guard let channel = takeChannel(forGood: false) else { return loop.makeSucceededVoidFuture() }
        listen(in: .milliseconds(Int64(milliseconds)), on: channel.eventLoop)
        return channel.close().hop(to: loop)
    }

    /// Listens after a while. A port that was let go can be somebody's for a moment, as the local end of a connection that is
    /// made just then: it is tried again until it is free, or somebody else listens, or the server is stopped.
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
            if forGood { state.reservation = nil }
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
            // So that the end of the client's side is an event, at which the accounts can still be made up.
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
