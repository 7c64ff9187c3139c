internal import Glibc
internal import Synchronization
internal import Threads
package import Transfer

/// A minimal server on 127.0.0.1 for tests of transports. A closure writes the responses, on one thread per connection.
package final class LoopbackServer: Sendable {
    /// A connection, on its thread.
    package struct Connection: Sendable {
        fileprivate let socket: Int32

        /// Sends all bytes; returns `false` if the client has closed the connection.
        @discardableResult
        package func send(_ bytes: some Sequence<UInt8>) -> Bool {
            Array(bytes).withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let piece = UnsafeRawBufferPointer(rebasing: rest)
                    let count = Glibc.send(socket, piece.baseAddress, piece.count, Int32(MSG_NOSIGNAL))
                    if count <= 0 { return false }
                    rest = rest.dropFirst(count)
                }
                return true
            }
        }

        @discardableResult
        package func send(_ text: String) -> Bool { send(text.utf8) }

        /// Sends zeros until the client stops receiving, or `limit` is reached; returns how many were sent.
        package func sendUntilBlocked(limit: Int) -> Int {
            let zeros = [UInt8](repeating: 0, count: 64 << 10)
            var sent = 0
            while sent < limit {
                // If the socket is not writable for this long, the client does not read.
                var poll = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
                guard Glibc.poll(&poll, 1, 1500) == 1 else { return sent }
                let count = Glibc.send(
                    socket, zeros, min(zeros.count, limit - sent), Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
                if count <= 0 { return sent }
                sent += count
            }
            return sent
        }

        /// Whether the client closes the connection, or sends something, within this many milliseconds.
        package func isClosed(within milliseconds: Int32) -> Bool {
            var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            return Glibc.poll(&poll, 1, milliseconds) != 0
        }

        /// Waits until the client closes the connection.
        package func waitForClose() {
            var byte: UInt8 = 0
            while recv(socket, &byte, 1, 0) > 0 {}
        }

        fileprivate func receiveHead() -> String? {
            var head: [UInt8] = []
            var byte: UInt8 = 0
            while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
                guard head.count < 65_536, recv(socket, &byte, 1, 0) == 1 else { return nil }
                head.append(byte)
            }
            return String(decoding: head, as: UTF8.self)
        }
    }

    private struct State {
        var threads: [SystemThread] = []
        var sockets: [Int32] = []
        var heads: [String] = []
        var isStopping = false
        var isStopped = false
    }

    package let port: Int
    private let listener: Int32
    private let state: Mutex<State>
    private let greeting: String?
    private let answer: @Sendable (Connection, String) -> Bool

    /// - Parameters:
    ///   - greeting: if given, it is sent on each connection without waiting for a request, and then the connection is
    ///     closed.
    ///   - answer: called with the head of each request; returns whether to keep the connection open for another one.
    package init(greeting: String? = nil, answer: @escaping @Sendable (Connection, String) -> Bool) {
        self.answer = answer
        self.greeting = greeting
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = bind(listener, address, length)
                _ = listen(listener, 64)
                _ = getsockname(listener, address, &length)
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        state = Mutex(State())
        run { [weak self] in
            while true {
                let socket = accept(listener, nil, nil)
                guard socket >= 0, let self else { return }
                self.serve(socket)
            }
        }
    }

    deinit { stop() }

    /// The heads of all requests, in order.
    package var heads: [String] { state.withLock { $0.heads } }
    /// The number of connections so far.
    package var connections: Int { state.withLock { $0.sockets.count } }

    package func url(_ path: String, host: String = "127.0.0.1") throws -> HTTPURL {
        try HTTPURL(parsing: "http://\(host):\(port)\(path)")
    }

    /// Closes all connections and waits for the threads.
    package func stop() {
        let threads = state.withLock { state in
            if !state.isStopping {
                // Wakes accept(2). It is closed below, so that no other socket gets the same descriptor in the
                // meantime.
                shutdown(listener, Int32(SHUT_RDWR))
                for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
            }
            state.isStopping = true
            defer { state.threads = [] }
            return state.threads
        }
        for thread in threads { thread.join() }
        state.withLock { state in
            guard !state.isStopped else { return }
            state.isStopped = true
            for socket in state.sockets + [listener] { close(socket) }
        }
    }

    private func serve(_ socket: Int32) {
        let isLate = state.withLock { state in
            if !state.isStopping { state.sockets.append(socket) }
            return state.isStopping
        }
        // Accepted after `stop` has shut down the connections, so it must be closed here.
        guard !isLate else {
            close(socket)
            return
        }
        run { [weak self] in
            let connection = Connection(socket: socket)
            if let greeting = self?.greeting {
                connection.send(greeting)
                // Closing at once could reset the connection before the client has read the greeting.
                shutdown(socket, Int32(SHUT_WR))
                return connection.waitForClose()
            }
            while let head = connection.receiveHead(), let self {
                self.state.withLock { $0.heads.append(head) }
                guard self.answer(connection, head) else { break }
            }
            shutdown(socket, Int32(SHUT_RDWR))
        }
    }

    private func run(_ body: @escaping @Sendable () -> Void) {
        guard let thread = SystemThread(body) else { return }
        state.withLock { $0.threads.append(thread) }
    }
}
