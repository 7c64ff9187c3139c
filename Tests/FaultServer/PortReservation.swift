internal import Glibc

/// Keeps a port while nobody listens on it: a socket that is bound and never listens.
///
/// Connections are refused as on a free port, and no other socket, of this process or another, is given the port meanwhile.
/// It shares the port with the listening one by SO_REUSEPORT (socket(7)), which that must have, too.
final class PortReservation: Sendable {
    /// The socket option by which both share the port.
    static let sharing: CInt = SO_REUSEPORT

    private let descriptor: CInt

    /// - Parameters:
    ///   - address: an IPv4 address.
    ///   - port: one on which a socket with SO_REUSEPORT listens.
    init?(address: String, port: Int) {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(UInt16(clamping: port)).bigEndian
        var yes: CInt = 1
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard descriptor >= 0, inet_pton(AF_INET, address, &name.sin_addr) == 1,
            setsockopt(descriptor, SOL_SOCKET, Self.sharing, &yes, socklen_t(MemoryLayout<CInt>.size)) == 0,
            withUnsafePointer(
                to: &name,
                { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
                }) == 0
        else { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}
