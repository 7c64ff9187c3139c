internal import FaultServer
internal import Foundation
internal import Glibc
internal import Testing

/// A client that sees the bytes themselves: a blocking socket with a time limit on each call, used from a thread of its
/// own (``exchange(_:_:)``) so that nothing blocks the cooperative pool.
final class RawClient {
    enum End: Equatable, Sendable {
        case fin
        case reset
        /// Nothing came for as long as the client was ready to wait.
        case silence
        /// The client had what it wanted.
        case enough
    }

    struct Failed: Error {
        var call: String
        var errno: CInt
    }

    let descriptor: CInt
    private(set) var received: [UInt8] = []

    init(port: Int, address: String = "127.0.0.1") throws {
        let type = CInt(SOCK_STREAM.rawValue)
        let descriptor = socket(AF_INET, type, 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, address, &name.sin_addr)
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
        }
        guard connected == 0 else {
            let error = errno
            Self.closeSocket(descriptor)
            throw Failed(call: "connect", errno: error)
        }
        self.descriptor = descriptor
    }

    deinit { Self.closeSocket(descriptor) }

    private static func closeSocket(_ descriptor: CInt) { close(descriptor) }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard Self.sendAll(descriptor, bytes) == bytes.count else { throw Failed(call: "send", errno: errno) }
    }

    private static func sendAll(_ descriptor: CInt, _ bytes: [UInt8]) -> Int {
        Glibc.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL))
    }

    /// Asks for a file.
    func get(_ target: String, method: String = "GET", _ headers: String...) throws {
        let fields = (["Host: localhost"] + headers).map { $0 + "\r\n" }.joined()
        try send("\(method) \(target) HTTP/1.1\r\n\(fields)\r\n")
    }

    /// Receives until the end, until nothing comes for `patience`, or until `isEnough`.
    @discardableResult
    func receive(patience milliseconds: Int = 120_000, until isEnough: ([UInt8]) -> Bool = { _ in false }) throws -> End
    {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var limit = timeval(tv_sec: milliseconds / 1000, tv_usec: suseconds_t(milliseconds % 1000 * 1000))
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        while !isEnough(received) {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            switch count {
            case 0: return .fin
            case 1...: received += buffer[..<count]
            default:
                switch errno {
                case ECONNRESET: return .reset
                case EAGAIN: return .silence
                case EINTR: continue
                case let error: throw Failed(call: "recv", errno: error)
                }
            }
        }
        return .enough
    }

    /// Closes with a reset rather than in good order.
    func resetOnClose() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// Takes the first message with a Content-Length (or none at all) out of what has come.
    func receiveMessage(isHead: Bool = false) throws -> RawReply {
        var reply: RawReply?
        try receive { bytes in
            guard let parsed = RawReply(bytes) else { return false }
            let length = isHead ? 0 : parsed.header("Content-Length").flatMap { Int($0) } ?? 0
            guard parsed.body.count >= length else { return false }
            reply = RawReply(Array(bytes[..<(parsed.headCount + length)]))
            return true
        }
        guard let reply else { throw Failed(call: "receiveMessage", errno: 0) }
        received.removeFirst(reply.headCount + reply.body.count)
        return reply
    }
}

/// Runs blocking code on a thread of its own.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result(catching: body)) }
    }
}

/// Asks once, on a new connection, and takes all that comes.
func exchange(
    _ server: FaultServer, _ target: String, method: String = "GET", _ headers: [String] = [], patience: Int = 120_000,
    upTo limit: Int = .max
) async throws -> (bytes: [UInt8], end: RawClient.End) {
    let port = server.port
    return try await blocking {
        let client = try RawClient(port: port)
        let fields = (["Host: localhost", "Connection: close"] + headers).map { $0 + "\r\n" }.joined()
        try client.send("\(method) \(target) HTTP/1.1\r\n\(fields)\r\n")
        let end = try client.receive(patience: patience) { $0.count >= limit }
        return (client.received, end)
    }
}

/// The same, for what looks like a reply.
func reply(
    _ server: FaultServer, _ target: String, method: String = "GET", _ headers: String..., patience: Int = 120_000
) async throws -> RawReply {
    let (bytes, end) = try await exchange(server, target, method: method, headers, patience: patience)
    var reply = try #require(RawReply(bytes))
    reply.end = end
    return reply
}
