internal import Glibc

/// Reserves a port with a socket that is bound but never listens.
///
/// Connections are refused as on a free port, but no other socket is given the port. It shares the port with the
/// listening socket by SO_REUSEPORT (socket(7)), which both must set.
final class PortReservation: Sendable {
    /// The option that lets both sockets share the port.
    static let sharing: CInt = SO_REUSEPORT

    private let descriptor: CInt

    /// - Parameters:
    ///   - address: an IPv4 address.
    ///   - port: the port of a listening socket with SO_REUSEPORT.
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
