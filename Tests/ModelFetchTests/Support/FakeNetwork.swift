import ModelFetch
import Synchronization
import Transfer

/// A network that answers as a closure says, in the time of a test's clock.
final class FakeNetwork: Transport {
    /// A head and its body.
    struct Answer {
        var status = 200
        var fields: [(name: String, value: String)] = []
        var body: ArraySlice<UInt8> = []
    }

    private let time: Time
    private let answer: @Sendable (TransportRequest, Int) throws(TransferError) -> Answer
    private let log = Mutex<[TransportRequest]>([])

    /// - Parameter answer: gets each request and its number, from 0.
    init(_ time: Time, _ answer: @escaping @Sendable (TransportRequest, Int) throws(TransferError) -> Answer) {
        self.time = time
        self.answer = answer
    }

    var requests: [TransportRequest] { log.withLock { $0 } }

    func get(_ request: TransportRequest) async throws(TransferError) -> any TransportResponse {
        let number = log.withLock { log in
            log.append(request)
            return log.count - 1
        }
        do throws(TransferError) {
            return Response(try answer(request, number))
        } catch {
            // What connects nowhere takes the time that it is given.
            if error.code == .connectTimeout {
                try? await time.sleep(min(request.connectTimeout ?? .seconds(15), .seconds(15)))
            }
            throw error
        }
    }

    private final class Response: TransportResponse {
        let head: ResponseHead
        private let body: Mutex<ArraySlice<UInt8>>

        init(_ answer: Answer) {
            head = ResponseHead(status: answer.status, fields: answer.fields)
            body = Mutex(answer.body)
        }

        func next() async throws(TransferError) -> Chunk? {
            let bytes = body.withLock { body in
                defer { body = [] }
                return Array(body)
            }
            return bytes.isEmpty ? nil : Chunk(copying: bytes)
        }

        func cancel() {}
    }
}

extension FakeNetwork.Answer {
    /// What an honest server sends, but of each range at most so many bytes; and of the whole no more than that before it drops.
    static func part(of bytes: [UInt8], _ request: TransportRequest, atMost count: Int = .max) -> FakeNetwork.Answer {
        guard let range = request.range else {
            return .init(fields: [("content-length", "\(bytes.count)")], body: bytes.prefix(count))
        }
        let body = bytes[Int(range.lowerBound)..<Int(range.upperBound)].prefix(count)
        let told = "bytes \(body.startIndex)-\(body.endIndex - 1)/\(bytes.count)"
        return .init(status: 206, fields: [("content-range", told)], body: body)
    }
}
