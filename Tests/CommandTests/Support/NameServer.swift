import Foundation
import Glibc
import Synchronization

/// A name server (RFC 1035) that knows one address, 127.0.0.1, by every name; or fails, or says nothing.
final class NameServer: Sendable {
    enum Mood: Sendable, Equatable {
        case answers
        /// SERVFAIL.
        case fails
        /// NXDOMAIN.
        case knowsNothing
        case isSilent
    }

    /// resolv.conf(5) knows no ports: each of these has an address of its own.
    private static let count = Atomic<Int>(1)

    let address: String
    private let socket: Int32
    private let state: Mutex<(mood: Mood, queries: Int)>

    /// Runs `body` beside a name server.
    static func run<R>(
        _ mood: Mood, isolation: isolated (any Actor)? = #isolation, _ body: (NameServer) async throws -> R
    ) async throws -> R {
        let server = try NameServer(mood)
        defer { server.stop() }
        return try await body(server)
    }

    private init(_ mood: Mood) throws {
        let number = Self.count.add(1, ordering: .relaxed).newValue
        address = "127.53.\(getpid() & 0xff).\(number)"
        socket = Loopback.datagrams()
        state = Mutex((mood, 0))
        _ = try Loopback.bind(socket, address, port: 53)
        Thread.detachNewThread { [self] in serve() }
    }

    /// Questions that came.
    var queries: Int { state.withLock { $0.queries } }
    func become(_ mood: Mood) { state.withLock { $0.mood = mood } }

    private func stop() { shutdown(socket, Int32(SHUT_RDWR)) }

    private func serve() {
        defer { close(socket) }
        var query = [UInt8](repeating: 0, count: 512)
        while true {
            var from = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutablePointer(to: &from) { from in
                from.withMemoryRebound(to: sockaddr.self, capacity: 1) { from in
                    let count = recvfrom(socket, &query, query.count, 0, from, &length)
                    // A socket that was shut down wakes its reader with nothing.
                    guard count > 0 else {
                        length = 0
                        return
                    }
                    let mood = state.withLock { state in
                        state.queries += 1
                        return state.mood
                    }
                    guard let reply = Self.reply(to: Array(query[..<count]), mood) else { return }
                    sendto(socket, reply, reply.count, 0, from, length)
                }
            }
            if length == 0 { return }
        }
    }

    private static func reply(to query: [UInt8], _ mood: Mood) -> [UInt8]? {
        // The header, a name of labels, its type and class.
        guard mood != .isSilent, query.count > 16, let end = query[12...].firstIndex(of: 0), query.count >= end + 5
        else { return nil }
        let isAddress = query[end + 1] == 0 && query[end + 2] == 1
        let code: UInt8 = mood == .fails ? 2 : mood == .knowsNothing ? 3 : 0
        let answers: UInt8 = mood == .answers && isAddress ? 1 : 0
        let header = query[..<2] + [0x81, 0x80 | code, 0, 1, 0, answers, 0, 0, 0, 0]
        // The name as a pointer to the question's, type A, class IN, no time to live, four bytes.
        let record: [UInt8] = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]
        return Array(header + query[12..<end + 5]) + (answers == 1 ? record : [])
    }
}
