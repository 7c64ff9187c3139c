internal import Glibc
internal import NIOCore

/// Socket options for faults, on the descriptor of a channel. Use it at once and on the channel's event loop.
struct TCPSocket {
    private let descriptor: NIOBSDSocket.Handle

    init?(_ channel: any Channel) {
        let found = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            $0
        }
        guard let descriptor = found ?? nil else { return nil }
        self.descriptor = descriptor
    }

    /// Makes the next close(2) a reset (socket(7), SO_LINGER with a time of zero).
    func resetOnClose() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// The bytes that the client's kernel has not acknowledged (tcp(7), SIOCOUTQ).
    var unacknowledgedByteCount: Int {
        var count: CInt = 0
        guard ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 else { return 0 }
        return Int(count)
    }

    /// Sets the congestion control (tcp(7), TCP_CONGESTION).
    ///
    /// - Returns: the algorithm that the connection then has, which may be another one.
    func setCongestionControl(_ name: String) -> String? {
        let wanted = Array(name.utf8)
        _ = wanted.withUnsafeBytes {
            setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_CONGESTION, $0.baseAddress, socklen_t($0.count))
        }
        var actual = [UInt8](repeating: 0, count: 16)
        var length = socklen_t(actual.count)
        guard getsockopt(descriptor, CInt(IPPROTO_TCP), TCP_CONGESTION, &actual, &length) == 0 else { return nil }
        return String(decoding: actual.prefix { $0 != 0 }, as: UTF8.self)
    }
}
