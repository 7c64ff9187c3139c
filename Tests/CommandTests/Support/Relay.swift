import Foundation
import Glibc
import Synchronization

/// A wire between a client and a server on this machine that cuts or damages what the server sends, whatever it means.
final class Relay: Sendable {
    enum Fault: Sendable {
        /// Both sides see an end in good order after so many bytes from the server.
        case cut(after: Int)
        /// One bit of this byte from the server is another.
        case flip(at: Int)
    }

    let port: Int
    private let listener: Int32
    private let target: Int
    private let faults: Mutex<[Fault]>
    private let hold: Mutex<Hold>

    /// All connections together get so many bytes from the server and then, for now, no more.
    private struct Hold {
        var limit: Int?
        var carried = 0
        var held: [Int32] = []
    }

    /// Runs `body` beside a relay; the first connections suffer the faults, one each, and later ones none.
    ///
    /// - Parameter limit: holds every connection once they have brought so much from the server in all, until ``cutHeld()``.
    static func run<R>(
        to target: Int, _ faults: [Fault] = [], holdingAfter limit: Int? = nil,
        isolation: isolated (any Actor)? = #isolation, _ body: (Relay) async throws -> R
    ) async throws -> R {
        let relay = try Relay(to: target, faults, limit)
        defer {
            shutdown(relay.listener, Int32(SHUT_RDWR))
            relay.cutHeld()
        }
        return try await body(relay)
    }

    private init(to target: Int, _ faults: [Fault], _ limit: Int?) throws {
        self.target = target
        self.faults = Mutex(faults)
        hold = Mutex(Hold(limit: limit))
        listener = Loopback.stream()
        port = try Loopback.bind(listener)
        guard listen(listener, 16) == 0 else { throw Child.Failed(description: "listen") }
        Thread.detachNewThread { [self] in serve() }
    }

    /// Faults that no connection has suffered yet.
    var pending: Int { faults.withLock { $0.count } }

    /// Whether a connection stands still now.
    var isHolding: Bool { hold.withLock { !$0.held.isEmpty } }

    /// Cuts the connections that are held, and holds none from now on.
    func cutHeld() {
        hold.withLock { hold in
            for client in hold.held { shutdown(client, Int32(SHUT_RDWR)) }
            hold = Hold()
        }
    }

    private func serve() {
        defer { close(listener) }
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { return }
            let server = Loopback.stream()
            guard Loopback.connect(server, port: target) else {
                close(client)
                close(server)
                continue
            }
            let fault = faults.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            Thread.detachNewThread { [self] in carry(client, server, fault) }
        }
    }

    /// Both directions in one thread; ends with the first end.
    private func carry(_ client: Int32, _ server: Int32, _ fault: Fault?) {
        defer {
            hold.withLock { hold in hold.held.removeAll { $0 == client } }
            close(client)
            close(server)
        }
        var carried = 0
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            var waits = [client, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard poll(&waits, 2, 60_000) > 0 else { return }
            for (from, to) in [(client, server), (server, client)]
            where waits[from == client ? 0 : 1].revents != 0 {
                // A server that is held back is not read from; its end would not be seen before all that it sent.
                if from == server, isHeld(client) {
                    while read(client, &buffer, buffer.count) > 0 {}
                    return
                }
                var count = read(from, &buffer, buffer.count)
                guard count > 0 else { return }
                if from == server {
                    if case .cut(let limit) = fault { count = min(count, limit - carried) }
                    if case .flip(let at) = fault, (carried..<carried + count).contains(at) {
                        buffer[at - carried] ^= 1
                    }
                    carried += count
                    hold.withLock { $0.carried += count }
                }
                var sent = 0
                while sent < count {
                    let part = buffer[sent..<count].withUnsafeBytes { send(to, $0.baseAddress, $0.count, noSignal) }
                    guard part > 0 else { return }
                    sent += part
                }
                if case .cut(let limit) = fault, carried >= limit { return }
            }
        }
    }
}

extension Relay {
    /// Whether this connection is to be held now; then it stands in the list of those that will be cut.
    private func isHeld(_ client: Int32) -> Bool {
        hold.withLock { hold in
            guard let limit = hold.limit, hold.carried >= limit else { return false }
            hold.held.append(client)
            return true
        }
    }
}
private let noSignal = Int32(MSG_NOSIGNAL)
