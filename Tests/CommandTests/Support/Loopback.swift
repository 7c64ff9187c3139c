import Foundation
import Glibc

/// Plain sockets on the loopback interface, for what pretends to be another program or a wire.
enum Loopback {
    static func stream() -> Int32 {
        socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }

    static func datagrams() -> Int32 {
        socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }

    /// Binds a socket.
    ///
    /// - Returns: the port that it has now.
    static func bind(_ socket: Int32, _ address: String = "127.0.0.1", port: Int = 0) throws -> Int {
        var name = sockaddr_in(address, port)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                systemBind(socket, $0, length) == 0 ? getsockname(socket, $0, &length) : -1
            }
        }
        guard code == 0 else { throw Child.Failed(description: "bind \(address): \(String(cString: strerror(errno)))") }
        return Int(UInt16(bigEndian: name.sin_port))
    }

    static func connect(_ socket: Int32, port: Int) -> Bool {
        var name = sockaddr_in("127.0.0.1", port)
        return withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                systemConnect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

extension sockaddr_in {
    fileprivate init(_ address: String, _ port: Int) {
        self.init()
        sin_family = sa_family_t(AF_INET)
        sin_port = UInt16(port).bigEndian
        inet_pton(AF_INET, address, &sin_addr)
    }
}

// The calls whose names the functions above take for themselves.
private let systemBind = bind
private let systemConnect = connect
