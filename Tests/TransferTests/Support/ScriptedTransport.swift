import Synchronization

@testable import Transfer

/// Answers by script, one answer a request; a request too many is an error of the test.
final class ScriptedTransport: Transport {
    struct Answer: Sendable {
        var head: ResponseHead
        var body: [[UInt8]] = []
        var failure: TransferError?
        /// The body never ends, and nothing more comes.
        var hangs = false

        init(_ text: String, body: [[UInt8]] = [], failure: TransferError? = nil, hangs: Bool = false) {
            head = parsedHead(text)
            self.body = body
            self.failure = failure
            self.hangs = hangs
        }
    }

    private let state: Mutex<(answers: [Answer], requests: [TransportRequest], answered: [Response])>

    init(answers: [Answer]) { state = Mutex((answers, [], [])) }

    convenience init(_ answers: Answer...) { self.init(answers: answers) }

    var requests: [TransportRequest] { state.withLock { $0.requests } }
    var answered: [Response] { state.withLock { $0.answered } }

    func get(_ request: TransportRequest) async throws(TransferError) -> any TransportResponse {
        let answer: Answer? = state.withLock { state in
            state.requests.append(request)
            return state.answers.isEmpty ? nil : state.answers.removeFirst()
        }
        guard let answer else { throw TransferError(.invalidRequest, "a surprising request") }
        let response = Response(answer)
        state.withLock { $0.answered.append(response) }
        return response
    }

    final class Response: TransportResponse {
        let head: ResponseHead
        private let hangs: Bool
        private let failure: TransferError?
        private let state: Mutex<(body: [[UInt8]], cancelled: Bool)>

        init(_ answer: Answer) {
            head = answer.head
            hangs = answer.hangs
            failure = answer.failure
            state = Mutex((answer.body, false))
        }

        func next() async throws(TransferError) -> Chunk? {
            let (bytes, cancelled): ([UInt8]?, Bool) = state.withLock { state in
                (state.body.isEmpty ? nil : state.body.removeFirst(), state.cancelled)
            }
            if cancelled { throw TransferError(.cancelled) }
            if let bytes { return Chunk(copying: bytes) }
            if let failure { throw failure }
            guard hangs else { return nil }
            // Until cancelled.
            let (stream, continuation) = AsyncStream<Void>.makeStream()
            for await _ in stream {}
            withExtendedLifetime(continuation) {}
            throw TransferError(.cancelled)
        }

        func cancel() { state.withLock { $0.cancelled = true } }

        var isCancelled: Bool { state.withLock { $0.cancelled } }
    }
}
