internal import NIOCore

/// Sends a ``Reply`` on a connection, on the connection's event loop.
///
/// At most ``windowByteCount`` bytes are given to the channel before the kernel has accepted them. Bytes count as sent
/// when the promise of their write succeeds; slices are small, so that the count stays nearly exact when the client
/// disconnects.
final class ReplyWriter {
    private static let windowByteCount = 1 << 20
    private static let sliceByteCount = 32 << 10
    /// The most that is written in one turn before other work of the event loop.
    private static let turnByteCount = 4 << 20

    private let reply: Reply
    private let record: Int
    private let connection: Int
    private let state: ServerState
    private let pace: Pace
    /// What the server may still send before it dies.
    private let allowance: Allowance?
    private let context: ChannelHandlerContext
    private let die: () -> Void
    private var log: RequestLog { state.log }
    private var finish: (_ keepsOpen: Bool) -> Void = { _ in }
    private var isOver = false

    /// The current step, and how much of it is done.
    private var step = 0
    private var position: Int64 = 0
    private var inFlight = 0
    /// The body bytes of each pending write, to complete the count when the client disconnects.
    private var bodyInFlight = CircularBuffer<Int>()
    /// A slice that waits for its time at the limited rate.
    private var held: ByteBuffer?
    private var isPumping = false
    private var isSleeping = false
    /// When a reset no longer waits for the client's kernel.
    private var resetDeadline: NIODeadline?

    init(
        reply: Reply, record: Int, connection: Int, state: ServerState, pace: Pace, context: ChannelHandlerContext,
        die: @escaping () -> Void
    ) {
        self.reply = reply
        self.record = record
        self.connection = connection
        self.state = state
        self.pace = pace
        allowance = reply.death.map { death in state.withLimits { $0.allowance(death) } }
        self.context = context
        self.die = die
    }

    /// - Parameter finish: called once, when everything was sent or the connection has to close; not after
    ///   ``abandon(_:)``.
    func start(finish: @escaping (_ keepsOpen: Bool) -> Void) {
        guard !isOver else { return }
        self.finish = finish
        pump()
    }

    /// The connection was closed, or will be.
    func abandon(_ ending: RequestRecord.Ending) {
        guard !isOver else { return }
        isOver = true
        // The kernel may have accepted a part of the oldest write, which its promise does not report.
        var partial = 0
        if let buffered = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes), buffered > 0 {
            partial = min(max(0, inFlight - buffered), bodyInFlight.first ?? 0)
        }
        state.transfers.end(connection: connection)
        log.end(record, ending, unconfirmedBodyBytes: Int64(partial))
    }

    private func end(_ ending: RequestRecord.Ending, keepsOpen: Bool) {
        guard !isOver else { return }
        isOver = true
        state.transfers.end(connection: connection)
        log.end(record, ending)
        finish(keepsOpen)
    }

    // MARK: Sending

    /// Writes as much as is possible now. It is called again whenever that may have changed.
    private func pump() {
        // Promises may succeed during the flush; then the loop below continues, without recursion.
        guard !isPumping, !isSleeping, !isOver else { return }
        isPumping = true
        defer { isPumping = false }
        var turn = 0
        // Refilling at half a window keeps the writev(2) calls large.
        while !isOver, !isSleeping, inFlight <= Self.windowByteCount / 2 {
            let written = fill()
            guard written > 0 else { return }
            context.flush()
            turn += written
            if turn >= Self.turnByteCount {
                sleep(.nanoseconds(0))
                return
            }
        }
    }

    /// Writes until the window is full or the current step has to wait.
    private func fill() -> Int {
        let before = inFlight
        while !isOver, !isSleeping, inFlight < Self.windowByteCount {
            guard step < reply.steps.count else {
                if inFlight == 0 { end(.complete, keepsOpen: !reply.closes) }
                break
            }
            guard carryOut(reply.steps[step]) else { break }
        }
        return inFlight - before
    }

    /// - Returns: whether to continue; `false` if the step has to wait for earlier writes.
    private func carryOut(_ current: Reply.Step) -> Bool {
        switch current {
        case .head(let bytes), .trailer(let bytes):
            write(ByteBuffer(bytes: bytes))
            next()
        case .slowHead(let bytes, let pace):
            guard position < bytes.count else {
                next()
                return true
            }
            write(ByteBuffer(bytes: [bytes[Int(position)]]))
            position += 1
            // The byte must be sent before the pause.
            context.flush()
            sleep(.milliseconds(Int64(pace)))
        case .endlessHead(let bytes): write(ByteBuffer(bytes: bytes))
        case .body(let part): return writeSlice(of: part)
        case .pause(let milliseconds):
            guard inFlight == 0 else { return false }
            next()
            sleep(.milliseconds(Int64(milliseconds)))
        case .stall:
            guard inFlight == 0 else { return false }
            stall()
        case .silence(let fault):
            guard inFlight == 0 else { return false }
            next()
            if state.withLimits({ $0.fallsSilent(fault) }) { stall() }
        case .gate:
            guard inFlight == 0 else { return false }
            next()
            stall()
            state.gates.whenOpen(on: context.eventLoop).assumeIsolated().whenSuccess {
                self.isSleeping = false
                self.pump()
            }
        case .drop:
            guard inFlight == 0 else { return false }
            end(.dropped, keepsOpen: false)
        case .reset:
            guard inFlight == 0 else { return false }
            reset()
        }
        return true
    }

    /// Sends nothing more until ``isSleeping`` is reset, if ever.
    private func stall() {
        isSleeping = true
        log.update(record) { $0.stalled = true }
    }

    private func next() {
        step += 1
        position = 0
    }

    private func writeSlice(of part: BodyPart) -> Bool {
        let slice: ByteBuffer
        if let due = held {
            held = nil
            slice = due
        } else {
            guard position < part.count else {
                next()
                return true
            }
            let pacers = pace.pacers
            let quantum = pacers.quantum ?? Self.sliceByteCount
            let limit = allowance?.take(upTo: quantum) ?? quantum
            guard limit > 0 else {
                guard inFlight == 0 else { return false }
                die()
                reset()
                return true
            }
            guard let buffer = part.buffer(at: position, upTo: limit) else {
                if inFlight == 0 { end(.failed, keepsOpen: false) }
                return false
            }
            allowance?.giveBack(limit - buffer.readableBytes)
            let wait = pacers.book(buffer.readableBytes)
            if wait > .nanoseconds(0) {
                held = buffer
                context.flush()
                sleep(wait)
                return true
            }
            slice = buffer
        }
        position += Int64(slice.readableBytes)
        if reply.hasTinyChunks {
            let framed = slice.readableBytesView.flatMap { Array("1\r\n".utf8) + [$0] + Array("\r\n".utf8) }
            write(ByteBuffer(bytes: framed), bodyCount: slice.readableBytes)
            return true
        }
        if reply.chunked { write(ByteBuffer(string: String(slice.readableBytes, radix: 16) + "\r\n")) }
        write(slice, bodyCount: slice.readableBytes)
        if reply.chunked { write(ByteBuffer(string: "\r\n")) }
        return true
    }

    /// A reset discards bytes that the client's kernel has not received. To make "after n bytes" true, it waits briefly
    /// until they are acknowledged.
    private func reset() {
        let socket = TCPSocket(context.channel)
        let deadline = resetDeadline ?? .now() + .milliseconds(500)
        resetDeadline = deadline
        if let socket, socket.unacknowledgedByteCount > 0, .now() < deadline {
            sleep(.milliseconds(1))
            return
        }
        socket?.resetOnClose()
        end(.reset, keepsOpen: false)
    }

    private func sleep(_ time: TimeAmount) {
        isSleeping = true
        context.eventLoop.assumeIsolated().scheduleTask(in: time) {
            self.isSleeping = false
            self.pump()
        }
    }

    // MARK: Writing

    private func write(_ buffer: ByteBuffer, bodyCount: Int = 0) {
        let count = buffer.readableBytes
        inFlight += count
        bodyInFlight.append(bodyCount)
        let promise = context.eventLoop.makePromise(of: Void.self)
        context.write(NIOAny(buffer), promise: promise)
        promise.futureResult.assumeIsolated().whenSuccess {
            self.inFlight -= count
            self.bodyInFlight.removeFirst()
            if bodyCount > 0 { self.log.update(self.record) { $0.bodyBytesSent += Int64(bodyCount) } }
            self.pump()
        }
    }
}
