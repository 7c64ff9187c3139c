internal import CCurl

/// What all transfers of a loop share; belongs to the loop's thread.
final class LoopResources {
    let pool: BufferPool
    var bucket: TokenBucket?
    /// Transfers that were held back, longest first.
    var held: [CurlTransfer] = []

    init(pool: BufferPool, rateLimit: Int64?) {
        self.pool = pool
        bucket = rateLimit.map { TokenBucket(rate: $0, now: .now) }
    }
}

/// One transfer on the loop's thread: gathers what libcurl hands over into chunks.
final class CurlTransfer {
    /// Why a transfer is held back.
    enum Hold {
        /// The consumer has enough to do.
        case queue
        /// No buffer to be had.
        case memory
        /// The rate limit.
        case rate
    }

    /// This much is worth a hand-over of its own when somebody waits for it.
    static let earlySize = 256 << 10
    /// No byte lies around longer than this when somebody waits: what is killed with us is lost.
    static let patience: Duration = .milliseconds(20)

    let exchange: Exchange
    private var easy: EasyHandle
    private let resources: LoopResources
    private var parser = HeadParser()
    /// What was wrong with the answer, when we broke the transfer off ourselves.
    private var fault: TransferError?
    private(set) var hold: Hold?

    private var buffer: UnsafeMutableRawBufferPointer?
    /// Had before it is needed, when bytes are about to reach over the end of `buffer`.
    private var spare: UnsafeMutableRawBufferPointer?
    private var filled = 0
    private var firstByteAt: ContinuousClock.Instant?
    /// The gathered bytes are old enough, but nobody waited when they were: the consumer will nudge.
    private var isRipe = false

    var handle: UnsafeMutableRawPointer { easy.handle }

    init(
        _ exchange: Exchange, configuration: TransportConfiguration, resources: LoopResources
    ) throws(TransferError) {
        self.exchange = exchange
        self.resources = resources
        easy = try EasyHandle()
        try easy.prepare(for: exchange.request, configuration)
        // Unretained: the loop keeps the transfer until its handle is out of the multi handle.
        try easy.setCallbacks(
            head: headThunk, body: bodyThunk, context: Unmanaged.passUnretained(self).toOpaque())
        resources.pool.join(exchange.id)
    }

    deinit {
        for buffer in [buffer, spare] {
            if let buffer { resources.pool.giveBack(buffer, from: exchange.id) }
        }
        resources.pool.leave(exchange.id)
    }

    /// Hands over what has come, and that no more will.
    func halt() {
        flush()
        exchange.finish(.failure(TransferError(.cancelled).at(exchange.request.url)))
    }

    /// Hands over what has come, and that the transfer failed.
    func end(with error: TransferError) {
        flush()
        exchange.finish(.failure(error.at(exchange.request.url)))
    }

    /// Hands over what is left and the end.
    func finish(_ code: CURLcode) {
        flush()
        var error = fault ?? (code == CURLE_OK ? nil : easy.failure(code))
        if let malformed = error, malformed.code == .malformed, !parser.isComplete, easy.isConnectionReused {
            // What an earlier answer had beyond its length stands where this one should begin: that says nothing about this
            // file, and libcurl closes the connection.
            error = TransferError(.connectionLost, "out of step since an earlier answer: " + malformed.detail)
        }
        exchange.finish(error.map { .failure($0.at(exchange.request.url)) } ?? .success(()))
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

    /// Takes all of `bytes`, or none of them and holds the transfer back: there is no third answer.
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
        if filled >= Self.earlySize, exchange.isWanted { flush() }
        return bytes.count
    }
}

// MARK: - Gathering

extension CurlTransfer {
    /// When the gathered bytes will have waited long enough; `nil` if there are none or the consumer will nudge.
    var ripensAt: ContinuousClock.Instant? { isRipe ? nil : firstByteAt?.advanced(by: Self.patience) }

    /// Hands the gathered bytes over if they are old enough and somebody waits for them.
    func flushIfRipe(now: ContinuousClock.Instant) {
        guard let firstByteAt, now >= firstByteAt.advanced(by: Self.patience) else { return }
        isRipe = true
        if exchange.isWantedOrWillNudge() { flush() }
    }

    /// Goes on if what stood in the way is gone; `nil` if it is not, else what libcurl says.
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
        // curl_easy_pause(3): calls the write callback before it returns, which may hold the transfer back again.
        return curl_easy_pause(handle, ccurl_pause_cont)
    }

    /// Makes sure that `count` bytes can be taken; what stands in the way if they cannot.
    private func obstacle(to count: Int) -> Hold? {
        // The loop is about to read in its mail that this transfer ends.
        if exchange.isHalting { return .queue }
        if let wait = resources.bucket?.wait(now: .now), wait > .zero { return .rate }
        if buffer == nil { buffer = resources.pool.take(for: exchange.id) }
        guard let buffer else { return .memory }
        let room = buffer.count - filled
        if count < room { return nil }
        // They fill the buffer, so it must be possible to hand it over.
        if !exchange.hasRoom, exchange.requestRoom() { return .queue }
        if count > room, spare == nil {
            spare = resources.pool.take(for: exchange.id)
            if spare == nil {
                // The consumer's return of this buffer is what lets us go on.
                flush()
                return .memory
            }
        }
        return nil
    }

    /// Copies bytes for which `obstacle` found room.
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
        // libcurl hands over CURL_MAX_WRITE_SIZE (16 KiB) at most, so that one spare buffer is enough.
        if !rest.isEmpty { fault = TransferError(.localFailure, "libcurl handed over more than a buffer takes") }
    }

    private func flush() {
        guard let memory = buffer, filled > 0 else { return }
        let (pool, id) = (resources.pool, exchange.id)
        exchange.push(Chunk(owning: memory, count: filled) { pool.giveBack($0, from: id) })
        buffer = nil
        filled = 0
        firstByteAt = nil
        isRipe = false
    }
}
