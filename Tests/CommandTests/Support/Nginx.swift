import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A real web server for one test: nginx on free loopback ports, with everything it writes below one directory.
struct Nginx {
    /// The ports of plain HTTP and, if there are certificates, of HTTPS, one for each.
    let ports: [Int]

    /// Runs nginx for as long as `body` takes. Serves `<directory>/www`.
    ///
    /// - Parameters:
    ///   - certificates: names of `<name>.pem` and `<name>.key` in the directory.
    ///   - rate: bytes per second of each connection.
    static func run<R>(
        in directory: String, certificates: [String] = [], rate: String = "0",
        isolation: isolated (any Actor)? = #isolation, _ body: (Nginx) async throws -> R
    ) async throws -> R {
        guard let nginx = Program.find("nginx") else { throw Child.Failed(description: "nginx is not installed") }
        // A port that was free a moment ago may be somebody's now: then another one is tried.
        for attempt in 1... {
            let ports = try freePorts(count: 1 + certificates.count)
            try configuration(directory, ports, certificates, rate).write(
                toFile: directory + "/nginx.conf", atomically: true, encoding: .utf8)
            let child = try Child(
                nginx, ["-p", directory, "-e", "stderr", "-c", directory + "/nginx.conf"], environment: [:],
                directory: directory)
            do {
                try await poll("nginx to answer") { !child.isRunning || ports.allSatisfy(isAnswering) }
                guard child.isRunning else { throw Child.Failed(description: "nginx: \(child.errorsSoFar)") }
            } catch {
                child.kill(SIGKILL)
                try await child.wait()
                if attempt < 5 { continue }
                throw error
            }
            let result: R
            do {
                result = try await body(Nginx(ports: ports))
            } catch {
                child.kill(SIGKILL)
                try await child.wait()
                throw error
            }
            child.kill(SIGKILL)
            try await child.wait()
            return result
        }
        fatalError("the loop above has no end")
    }

    private static func configuration(
        _ directory: String, _ ports: [Int], _ certificates: [String], _ rate: String
    ) -> String {
        let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(directory)/\($0);" }
        let secure = zip(ports.dropFirst(), certificates).map { port, name in
            """
            server {
              listen 127.0.0.1:\(port) ssl; root \(directory)/www; limit_rate \(rate);
              ssl_certificate \(directory)/\(name).pem; ssl_certificate_key \(directory)/\(name).key;
            }
            """
        }
        return """
            daemon off; master_process off; pid \(directory)/nginx.pid;
            events { worker_connections 64; }
            http {
              access_log off; \(places.joined(separator: " "))
              server { listen 127.0.0.1:\(ports[0]); root \(directory)/www; limit_rate \(rate); }
              \(secure.joined(separator: "\n"))
            }
            """
    }

    /// Ports that nobody has, all held at once so that they differ.
    private static func freePorts(count: Int) throws -> [Int] {
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        return try (0..<count).map { _ in
            let socket = newSocket()
            sockets.append(socket)
            var address = loopback(port: 0)
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let code = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, length) == 0 ? getsockname(socket, $0, &length) : -1
                }
            }
            guard code == 0 else { throw Child.Failed(description: "no free port") }
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }

    private static func isAnswering(_ port: Int) -> Bool {
        let socket = newSocket()
        defer { close(socket) }
        var address = loopback(port: UInt16(port))
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func newSocket() -> Int32 {
        #if canImport(Glibc)
            socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            socket(AF_INET, SOCK_STREAM, 0)
        #endif
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }
}
