import SeededRandom
import Transfer

/// The simulated network for one process.
///
/// Used only on the scheduler's thread.
final class SimulatedTransport: Transport, @unchecked Sendable {
    private let network: SimulatedNetwork
    /// Whether the process has ended.
    private var isDead = false

    init(_ network: SimulatedNetwork) { self.network = network }

    func die() { isDead = true }

    func get(_ request: TransportRequest) async throws(TransferError) -> any TransportResponse {
        guard !isDead else { throw TransferError(.cancelled) }
        let (delay, answer) = try network.answer(request)
        try await wait(delay)
        guard !isDead else { throw TransferError(.cancelled) }
        return SimulatedResponse(try answer.get(), self)
    }

    fileprivate func wait(_ delay: Duration) async throws(TransferError) {
        do throws(CancellationError) {
            try await network.scheduler.sleep(until: network.scheduler.now + delay)
        } catch {
            throw TransferError(.cancelled)
        }
    }

    /// A response that is being received.
    private final class SimulatedResponse: TransportResponse, @unchecked Sendable {
        private let transport: SimulatedTransport
        private var answer: SimulatedNetwork.Answer
        private var sent = 0
        private var isEmptyNext: Bool
        private var isCancelled = false
        /// After a halt: the number of bytes that had been received.
        private var rest: Int?

        init(_ answer: SimulatedNetwork.Answer, _ transport: SimulatedTransport) {
            self.answer = answer
            self.transport = transport
            isEmptyNext = answer.hasEmptyChunks
        }

        var head: ResponseHead { answer.head }

        func next() async throws(TransferError) -> Chunk? {
            let network = transport.network
            if rest == nil { try await transport.wait(answer.pause) }
            guard !isCancelled, !transport.isDead else { throw TransferError(.cancelled) }
            var available = answer.body.count - sent
            if let end = answer.end { available = min(available, end.after - sent) }
            if let rest { available = min(available, rest) }
            guard available > 0 else {
                if rest != nil { throw TransferError(.cancelled) }
                if answer.isStalling { try await transport.wait(network.stallTimeout) }
                if let error = answer.end?.error, answer.end!.after <= sent { throw error }
                return nil
            }
            if isEmptyNext {
                isEmptyNext = false
                return network.chunk([], of: answer.path)
            }
            isEmptyNext = answer.hasEmptyChunks
            let count = min(available, 1 + network.random.below(answer.chunk))
            let start = answer.body.startIndex + sent
            sent += count
            if let rest { self.rest = rest - count }
            return network.chunk(answer.body[start..<start + count], of: answer.path)
        }

        func halt() {
            if rest == nil { rest = transport.network.random.below(20_000) }
        }

        func cancel() { isCancelled = true }
    }
}
