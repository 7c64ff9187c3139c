import SeededRandom
import Synchronization
import Testing

@testable import Transfer

/// A body that comes in any pieces, of any length, after any head that was accepted.
@Suite(.timeLimit(.minutes(10))) struct `The body of an answer` {
    private static let fileSize: Int64 = 1000

    @Test func `gives only bytes that were asked for, each at its place, and ends only when all of them came`()
        async throws
    {
        for seed: UInt64 in 0..<2000 {
            var random = SplitMix64(seed: seed)
            let start = Int64.random(in: 0..<Self.fileSize, using: &random)
            let asked = start..<Int64.random(in: start + 1...Self.fileSize, using: &random)
            let isPart = Bool.random(using: &random)
            let isWhole = !isPart && Bool.random(using: &random)
            let body = isPart ? asked : 0..<Self.fileSize
            var fields = [(name: "content-length", value: String(body.count))]
            if isPart {
                let told = "bytes \(asked.lowerBound)-\(asked.upperBound - 1)/\(Self.fileSize)"
                fields.append((name: "content-range", value: told))
            } else if Bool.random(using: &random) {
                fields = []
            }
            let head = ResponseHead(status: isPart ? 206 : 200, fields: fields)
            let total = Bool.random(using: &random) ? Self.fileSize : nil
            let reply = try RangeReply(judging: head, asked: isWhole ? nil : asked, total: total)
            // The server stops early, at the end, or goes on.
            let sent = [Int64(body.count), .random(in: 0...2 * Self.fileSize, using: &random)].randomElement(
                using: &random)!
            let response = Pieces(head, from: body.lowerBound, count: sent, &random)
            let wanted = isWhole ? 0..<Self.fileSize : asked
            let got = await read(
                RangeBody(
                    response, reply: reply,
                    location: ResolvedLocation(try HTTPURL(parsing: "http://h/f"), isRedirected: false)))
            let told: Comment = "seed \(seed): asked \(wanted), sent \(sent) bytes from \(body.lowerBound)"
            #expect(got.bytes == (0..<Int64(got.bytes.count)).map { Self.byte(at: wanted.lowerBound + $0) }, told)
            let isBounded = reply.end != nil
            if isBounded { #expect(got.bytes.count <= wanted.count, told) }
            if got.isComplete, isBounded { #expect(got.bytes.count == wanted.count, told) }
            if isBounded, body.lowerBound + sent < wanted.upperBound { #expect(!got.isComplete, told) }
            if reply.limit == wanted.upperBound, body.lowerBound + sent > wanted.upperBound {
                #expect(!got.isComplete, told)
            }
        }
    }

    /// Everything up to the end or the failure; offsets must follow one another.
    private func read(_ body: RangeBody) async -> (bytes: [UInt8], isComplete: Bool) {
        var bytes: [UInt8] = []
        do {
            while let piece = try await body.next() {
                guard case .bytes(let offset, let chunk) = piece else { continue }
                #expect(offset == body.reply.start + Int64(bytes.count))
                chunk.withBytes { bytes += $0 }
            }
            return (bytes, true)
        } catch {
            return (bytes, false)
        }
    }

    fileprivate static func byte(at offset: Int64) -> UInt8 { UInt8(truncatingIfNeeded: offset &* 31 &+ offset >> 8) }
}

/// An answer cut into pieces at random, empty ones among them.
private final class Pieces: TransportResponse {
    let head: ResponseHead
    private let rest: Mutex<[Chunk]>

    init(_ head: ResponseHead, from start: Int64, count: Int64, _ random: inout SplitMix64) {
        self.head = head
        let content = (start..<start + count).map { `The body of an answer`.byte(at: $0) }
        var chunks: [Chunk] = []
        var offset = 0
        while offset < content.count {
            let end = min(offset + Int.random(in: 0...300, using: &random), content.count)
            chunks.append(Chunk(copying: content[offset..<end]))
            offset = end
        }
        rest = Mutex(chunks.reversed())
    }

    func next() async throws(TransferError) -> Chunk? { rest.withLock { $0.popLast() } }
    func cancel() {}
}
