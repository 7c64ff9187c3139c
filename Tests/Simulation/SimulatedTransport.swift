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
        let (delay, result) = try network.answer(request)
        let transfer = (try? result.get()).map { OpenTransfer($0, network) }
        do throws(CancellationError) {
            try await network.scheduler.sleep(until: network.scheduler.now + delay)
        } catch {
            throw TransferError(.cancelled)
        }
        guard !isDead else { throw TransferError(.cancelled) }
        let answer = try result.get()
        return SimulatedResponse(answer, self, transfer ?? OpenTransfer(answer, network))
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
        private let transfer: OpenTransfer
        private let alarm = Scheduler.Alarm()

        init(_ answer: SimulatedNetwork.Answer, _ transport: SimulatedTransport, _ transfer: OpenTransfer) {
            self.answer = answer
            self.transport = transport
            self.transfer = transfer
            isEmptyNext = answer.hasEmptyChunks
        }

        var head: ResponseHead { answer.head }

        func next() async throws(TransferError) -> Chunk? {
            do throws(TransferError) {
                if let chunk = try await receive() { return chunk }
            } catch {
                transfer.end()
                throw error
            }
            transfer.end()
            return nil
        }

        /// Waits. A halt from another task ends the wait, and what was received by then is still delivered.
        private func wait(_ delay: Duration) async throws(TransferError) {
            let scheduler = transport.network.scheduler
            do throws(CancellationError) {
                try await scheduler.sleep(until: scheduler.now + delay, alarm: alarm)
            } catch  where rest != nil && !isCancelled && !Task.isCancelled {
                return
            } catch {
                throw TransferError(.cancelled)
            }
        }

        private func receive() async throws(TransferError) -> Chunk? {
            let network = transport.network
            if rest == nil { try await wait(answer.pause) }
            guard !isCancelled, !transport.isDead else { throw TransferError(.cancelled) }
            var available = answer.body.count - sent
            if let end = answer.end { available = min(available, end.after - sent) }
            if let rest { available = min(available, rest) }
            guard available > 0 else {
                if rest != nil { throw TransferError(.cancelled) }
                if answer.isStalling { try await wait(network.stallTimeout) }
                if rest != nil || isCancelled { throw TransferError(.cancelled) }
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
            transport.network.scheduler.ring(alarm)
        }

        func cancel() {
            isCancelled = true
            transfer.end()
            transport.network.scheduler.ring(alarm)
        }
    }
}
