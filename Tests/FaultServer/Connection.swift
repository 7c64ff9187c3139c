internal import NIOCore
internal import NIOPosix

/// An accepted connection: reads requests one after the other and lets a ``ReplyWriter`` respond to each.
final class Connection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let state: ServerState
    private let listener: Listener
    private let number: Int
    private var received = ByteBuffer()
    private var writer: ReplyWriter?
    private var isClosing = false
    /// The pacers of this connection alone, which go on from one response to the next.
    private var pacers: [Fault: Pacer] = [:]

    init(state: ServerState, listener: Listener) {
        self.state = state
        self.listener = listener
        number = state.nextConnection()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        // Requests may be pipelined while a response is being sent, within a limit.
        if writer == nil {
            if state.limitsTransfers { answerNextInNextTurn(context) } else { answerNext(context) }
        } else if received.readableBytes > RequestHead.maximumByteCount {
            close(context)
        }
    }

    /// The client has closed its side. It counts as disconnected although it could still read.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            clientHasGone()
            close(context)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        clientHasGone()
        close(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        clientHasGone()
    }

    private func clientHasGone() {
        writer?.abandon(state.isStopping ? .serverStopped : .clientClosed)
        writer = nil
        isClosing = true
    }

    private func close(_ context: ChannelHandlerContext) {
        isClosing = true
        context.close(promise: nil)
    }

    private func answerNext(_ context: ChannelHandlerContext) {
        let outcome = RequestHead.parse(received.readableBytesView)
        switch outcome {
        case .incomplete: return
        case .head(let request, let byteCount):
            received.moveReaderIndex(forwardBy: byteCount)
            received.discardReadBytes()
            let (reply, record) = state.reply(to: request, connection: number)
            if let algorithm = reply.congestionAlgorithm {
                let actual = TCPSocket(context.channel)?.setCongestionControl(algorithm)
                state.log.update(record) { $0.congestionControl = actual }
            }
            write(reply, record: record, context)
        case .malformed, .tooLarge:
            received.clear()
            let reply = Reply(status: outcome == .malformed ? 400 : 431)
            let record = state.log.append { order in
                RequestRecord(
                    order: order, connection: number, method: "", target: "", path: "", headers: [], faults: [],
                    status: reply.status)
            }
            write(reply, record: record, context)
        }
    }

    private func write(_ reply: Reply, record: Int, _ context: ChannelHandlerContext) {
        let pace = Pace(reply.paces, transfers: state.transfers, connection: number, pacer: pacer)
        let writer = ReplyWriter(
            reply: reply, record: record, connection: number, state: state, pace: pace, context: context,
            die: listener.stopListening)
        self.writer = writer
        guard let milliseconds = reply.refusesForMilliseconds else { return start(writer, context) }
        // The client must not notice the end of this connection before new ones are refused.
        listener.pause(milliseconds: milliseconds, on: context.eventLoop).assumeIsolated().whenComplete { _ in
            self.start(writer, context)
        }
    }

    private func pacer(_ fault: Fault, shared: Bool) -> Pacer {
        if shared { return state.withLimits { $0.pacer(fault) } }
        let pacer = pacers[fault] ?? Pacer(fault, isShared: false)
        pacers[fault] = pacer
        pacer.beginResponse()
        return pacer
    }

    private func start(_ writer: ReplyWriter, _ context: ChannelHandlerContext) {
        writer.start { [unowned self] keepsOpen in
            self.writer = nil
            guard keepsOpen else { return close(context) }
            // Scheduled rather than called, because pipelined requests could make the stack deep.
            answerNextInNextTurn(context)
        }
    }

    /// In the next turn of the event loop, the transfers have ended whose connections the client closed before it sent
    /// this request.
    private func answerNextInNextTurn(_ context: ChannelHandlerContext) {
        context.eventLoop.assumeIsolated().execute {
            if self.writer == nil, !self.isClosing { self.answerNext(context) }
        }
    }
}
