internal import CCurl

/// What all transfers of a loop share. Used only on the loop's thread, except the pool.
final class LoopResources {
    let pool: BufferPool
    let inbox: LoopInbox
    var bucket: TokenBucket?
    /// Paused transfers, in the order in which they were paused.
    var held: [CurlTransfer] = []

    init(pool: BufferPool, inbox: LoopInbox, rateLimit: Int64?) {
        self.pool = pool
        self.inbox = inbox
        bucket = rateLimit.map { TokenBucket(rate: $0, now: .now) }
    }
}

/// One transfer on the loop's thread: collects what libcurl delivers into chunks.
final class CurlTransfer {
    /// Why a transfer is paused.
    enum Hold {
        /// The queue is full: the consumer is slower.
        case queue
        /// The pool has no buffer.
        case memory
        /// The rate limit is reached.
        case rate
    }

    /// Deliver early once this much is buffered and the consumer is waiting.
    static let earlyDeliverySize = 1 << 20
    /// Deliver whatever is buffered after this time if the consumer is waiting: a killed process loses what is in its
    /// memory.
    static let maximumDelay: Duration = .milliseconds(20)

    let exchange: Exchange
    private var easy: EasyHandle
    private let resources: LoopResources
    private var parser = HeadParser()
    /// Why a callback aborted the transfer.
    private var fault: TransferError?
    private(set) var hold: Hold?

    private var buffer: UnsafeMutableRawBufferPointer?
    /// Taken in advance when the next bytes will not fit into `buffer`.
    private var spare: UnsafeMutableRawBufferPointer?
    private var filled = 0
    private var firstByteAt: ContinuousClock.Instant?
    /// Whether the buffered bytes have waited for ``maximumDelay`` while the consumer was busy. It wakes the loop when
    /// it waits.
    private var isOverdue = false

    var handle: UnsafeMutableRawPointer { easy.handle }

    init(
        _ exchange: Exchange, configuration: TransportConfiguration, resources: LoopResources
    ) throws(TransferError) {
        self.exchange = exchange
        self.resources = resources
        easy = try EasyHandle()
        try easy.prepare(for: exchange.request, configuration)
        // Unretained: the loop keeps the transfer until its handle is removed from the multi handle.
        try easy.setCallbacks(
            head: headThunk, body: bodyThunk, context: Unmanaged.passUnretained(self).toOpaque())
        let inbox = resources.inbox
        resources.pool.join(exchange.id) { inbox.wake() }
    }

    deinit {
        for buffer in [buffer, spare] {
            if let buffer { resources.pool.giveBack(buffer, from: exchange.id) }
        }
        resources.pool.leave(exchange.id)
    }

    /// Delivers what is buffered and ends the exchange, with an error or successfully.
    func end(with error: TransferError?) {
        flush()
        exchange.finish(error.map { .failure($0.at(exchange.request.url)) } ?? .success(()))
    }

    /// What libcurl's result means; `nil` if the transfer was successful. To be called before the handle is removed.
    func error(for code: CURLcode) -> TransferError? {
        var error = fault ?? (code == CURLE_OK ? nil : easy.failure(code))
        if let malformed = error, malformed.code == .malformed, !parser.isComplete, easy.isConnectionReused {
            // The surplus of an earlier response on this connection was read as the head of this one. That says nothing
            // about this file, and libcurl closes the connection.
            error = TransferError(
                .connectionLost, "leftover data of an earlier response on the connection: " + malformed.detail)
        }
        return error
    }
}

@available(*, unavailable)
extension CurlTransfer: Sendable {}

// MARK: - Callbacks

/// CURLOPT_HEADERFUNCTION(3): unwraps and forwards.
private func headThunk(
    _ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return ccurl_writefunc_error }
    let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.receiveHeader(UnsafeRawBufferPointer(start: data, count: size * count))
}

/// CURLOPT_WRITEFUNCTION(3): unwraps and forwards.
private func bodyThunk(
    _ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return ccurl_writefunc_error }
    let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.receiveBody(UnsafeRawBufferPointer(start: data, count: size * count))
}

extension CurlTransfer {
    fileprivate func receiveHeader(_ line: UnsafeRawBufferPointer) -> Int {
        do throws(TransferError) {
            if let head = try parser.take(line) { exchange.deliver(head) }
            return line.count
        } catch {
            fault = error
            return ccurl_writefunc_error
        }
    }

    /// Takes all of `bytes`, or none of them and pauses the transfer: CURLOPT_WRITEFUNCTION(3) leaves no other choice.
    fileprivate func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard fault == nil else { return ccurl_writefunc_error }
        if bytes.isEmpty { return 0 }
        if let reason = obstacle(to: bytes.count) {
            hold = reason
            resources.held.append(self)
            return ccurl_writefunc_pause
        }
        append(bytes)
        resources.bucket?.take(bytes.count)
        if filled >= Self.earlyDeliverySize, exchange.hasWaitingConsumer { flush() }
        return bytes.count
    }
}

// MARK: - Buffering

extension CurlTransfer {
    /// When the buffered bytes are to be delivered; `nil` if there are none, or the consumer will wake the loop.
    var dueAt: ContinuousClock.Instant? { isOverdue ? nil : firstByteAt?.advanced(by: Self.maximumDelay) }

    /// Delivers the buffered bytes if they are due and the consumer is waiting for them.
    func flushIfDue(now: ContinuousClock.Instant) {
        guard let firstByteAt, now >= firstByteAt.advanced(by: Self.maximumDelay) else { return }
        isOverdue = true
        if exchange.requestDemand() { flush() }
    }

    /// Resumes the transfer if nothing stands in its way any more; returns libcurl's result, or `nil` if it stays
    /// paused.
    func resume(now: ContinuousClock.Instant) -> CURLcode? {
        switch hold {
        case nil: return nil
        case .queue: if exchange.requestRoom() { return nil }
        case .memory:
            if buffer == nil { buffer = resources.pool.take(for: exchange.id) }
            if buffer == nil { return nil }
        case .rate: if let wait = resources.bucket?.wait(now: now), wait > .zero { return nil }
        }
        hold = nil
        // curl_easy_pause(3) calls the write callback before it returns, which may pause the transfer again.
        return curl_easy_pause(handle, ccurl_pause_cont)
    }

    /// Makes room for `count` bytes; returns the reason if that is not possible now.
    private func obstacle(to count: Int) -> Hold? {
        // The loop is about to end this transfer.
        if exchange.isHalting { return .queue }
        if let wait = resources.bucket?.wait(now: .now), wait > .zero { return .rate }
        if buffer == nil { buffer = resources.pool.take(for: exchange.id) }
        guard let buffer else { return .memory }
        let room = buffer.count - filled
        if count < room { return nil }
        // They fill the buffer, so there must be room in the queue to deliver it.
        if !exchange.hasRoom, exchange.requestRoom() { return .queue }
        if count > room, spare == nil {
            spare = resources.pool.take(for: exchange.id)
            if spare == nil {
                // The transfer can continue when the consumer returns this buffer.
                flush()
                return .memory
            }
        }
        return nil
    }

    /// Copies bytes for which `obstacle(to:)` has made room.
    private func append(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while let buffer, !rest.isEmpty {
            if filled == 0 { firstByteAt = .now }
            let piece = rest.prefix(buffer.count - filled)
            UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: piece))
            filled += piece.count
            rest = rest.dropFirst(piece.count)
            if filled == buffer.count {
                flush()
                self.buffer = spare.take()
            }
        }
        // libcurl delivers at most CURL_MAX_WRITE_SIZE (16 KiB) at once, so one spare buffer is enough.
        if !rest.isEmpty { fault = TransferError(.localFailure, "libcurl delivered more than a buffer holds") }
    }

    private func flush() {
        guard let memory = buffer, filled > 0 else { return }
        let (pool, id) = (resources.pool, exchange.id)
        exchange.push(Chunk(owning: memory, count: filled) { pool.giveBack($0, from: id) })
        buffer = nil
        filled = 0
        firstByteAt = nil
        isOverdue = false
    }
}
