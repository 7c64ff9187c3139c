internal import Threads

/// The body of an accepted response: exactly the bytes of its range, each piece with its offset in the file.
///
/// ``next()`` has one caller at a time. Releasing the last reference ends the transfer.
package final class RangeBody: Sendable {
    package enum Piece: Sendable {
        /// Bytes and their offset in the file.
        case bytes(offset: Int64, Chunk)
        /// A number of bytes that were not requested, because the server ignored `Range`. The server is alive, but this
        /// is no progress.
        case skipped(Int)
    }

    package let reply: RangeReply
    /// Where the bytes come from, after redirects.
    package let location: ResolvedLocation
    package var url: HTTPURL { location.url }

    private struct State {
        /// The offset in the file of the next byte of the body.
        var position: Int64
        /// The wanted part of a chunk whose first part was skipped.
        var pending: Piece?
        var failure: TransferError?
        var isDone = false
        var bytesReceived: Int64 = 0
    }

    private let response: any TransportResponse
    private let limit: TimeLimit
    private let state: Lock<State>

    init(
        _ response: any TransportResponse, reply: RangeReply, location: ResolvedLocation, limit: TimeLimit = TimeLimit()
    ) {
        self.response = response
        self.reply = reply
        self.location = location
        self.limit = limit
        state = Lock(State(position: reply.bodyStart))
    }

    deinit { response.cancel() }

    /// The number of bytes of the body that were received, wanted or not.
    package var bytesReceived: Int64 { state.withLock { $0.bytesReceived } }

    /// The next piece, in order; `nil` when all of the range of ``reply`` was received.
    ///
    /// Throws ``TransferError/Code/short`` if the body ends early, ``TransferError/Code/overlong`` if it continues past
    /// the range.
    package func next() async throws(TransferError) -> Piece? {
        if let piece = state.withLock({ $0.pending.take() }) { return piece }
        while true {
            let (position, failure, isDone) = state.withLock { ($0.position, $0.failure, $0.isDone) }
            if let failure { throw failure }
            if isDone { return nil }
            if let end = reply.end, position >= end {
                try await checkEnd()
                return nil
            }
            let chunk: Chunk?
            do throws(TransferError) {
                chunk = try await response.next()
            } catch {
                throw fail(error.at(url, offset: max(position, reply.start)))
            }
            guard let chunk else {
                guard let end = reply.end else {
                    state.withLock { $0.isDone = true }
                    return nil
                }
                throw fail(
                    TransferError(
                        .short, "expected bytes up to \(end)", url: url, offset: max(position, reply.start)))
            }
            if let piece = take(chunk) { return piece }
        }
    }

    /// Stops receiving: ``next()`` returns what was received, and then throws ``TransferError/Code/cancelled``.
    package func halt() { response.halt() }

    /// Ends the transfer; a waiting ``next()`` throws ``TransferError/Code/cancelled``.
    package func cancel() { response.cancel() }

    /// Divides a chunk into the parts before, inside and after the range.
    private func take(_ chunk: Chunk) -> Piece? {
        guard chunk.count > 0 else { return nil }
        let piece: Piece? = state.withLock { state in
            let start = state.position
            let end = start + Int64(chunk.count)
            state.position = end
            state.bytesReceived += Int64(chunk.count)
            let from = Int(min(max(reply.start - start, 0), Int64(chunk.count)))
            let upTo = Int(min(max((reply.end ?? end) - start, Int64(from)), Int64(chunk.count)))
            if let limit = reply.limit, end > limit {
                // The bytes before the limit are good and are returned first.
                state.failure = overlong(at: limit)
            }
            if from == upTo { return from > 0 ? .skipped(from) : nil }
            let wanted = Piece.bytes(offset: start + Int64(from), chunk.slice(from..<upTo))
            guard from > 0 else { return wanted }
            state.pending = wanted
            return .skipped(from)
        }
        if state.withLock({ $0.failure != nil }) { response.cancel() }
        return piece
    }

    /// Everything wanted was received. The body must end here, unless it was announced to continue (a 200 to a range
    /// request).
    private func checkEnd() async throws(TransferError) {
        guard reply.limit == reply.end else {
            state.withLock { $0.isDone = true }
            response.cancel()
            return
        }
        let failure = await limit.run { () async -> TransferError? in
            do throws(TransferError) {
                while let chunk = try await self.response.next() {
                    guard chunk.count > 0 else { continue }
                    self.state.withLock { $0.bytesReceived += Int64(chunk.count) }
                    return self.overlong(at: self.reply.end ?? 0)
                }
                return nil
            } catch {
                return error
            }
        }
        switch failure {
        case .some(let error?) where error.code == .overlong || error.code == .cancelled: throw fail(error.at(url))
        // All bytes were received: it does not matter that the connection was lost before the end of the message,
        case .some: break
        // or that the server neither ends the body nor sends more.
        case nil: response.cancel()
        }
        state.withLock { $0.isDone = true }
    }

    private func overlong(at offset: Int64) -> TransferError {
        TransferError(.overlong, "the response continues past byte \(offset)", url: url, offset: offset)
    }

    private func fail(_ error: TransferError) -> TransferError {
        state.withLock { $0.failure = error }
        response.cancel()
        return error
    }
}
