import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A real web server for one test: nginx on free loopback ports, with everything it writes below one directory.
final class Nginx: Sendable {
    /// The ports of plain HTTP, of HTTPS for each certificate, and of the further servers.
    let ports: [Int]
    private let directory: String
    private let child: Mutex<Child>

    /// Runs nginx for as long as `body` takes. Serves `<directory>/www`.
    ///
    /// - Parameters:
    ///   - certificates: names of `<name>.pem` and `<name>.key` in the directory.
    ///   - rate: bytes per second of each connection.
    ///   - settings: further lines for the `http` block.
    ///   - servers: what further servers do, each on a port of its own.
    static func run<R>(
        in directory: String, certificates: [String] = [], rate: String = "0", settings: String = "",
        servers: [String] = [], isolation: isolated (any Actor)? = #isolation, _ body: (Nginx) async throws -> R
    ) async throws -> R {
        // A port that was free a moment ago may be somebody's now: then another one is tried.
        for attempt in 1... {
            let ports = try freePorts(count: 1 + certificates.count + servers.count)
            try configuration(directory, ports, certificates, rate, settings, servers).write(
                toFile: directory + "/nginx.conf", atomically: true, encoding: .utf8)
            let nginx: Nginx
            do {
                nginx = try await Nginx(directory, ports)
            } catch {
                if attempt < 5 { continue }
                throw error
            }
            let result: R
            do {
                result = try await body(nginx)
            } catch {
                try await nginx.stop()
                throw error
            }
            try await nginx.stop()
            return result
        }
        fatalError("the loop above has no end")
    }

    private init(_ directory: String, _ ports: [Int], isolation: isolated (any Actor)? = #isolation) async throws {
        (self.directory, self.ports) = (directory, ports)
        child = Mutex(try await Self.start(directory, ports))
    }

    private static func start(
        _ directory: String, _ ports: [Int], isolation: isolated (any Actor)? = #isolation
    ) async throws -> Child {
        guard let nginx = Program.find("nginx") else { throw Child.Failed(description: "nginx is not installed") }
        let child = try Child(
            nginx, ["-p", directory, "-e", "stderr", "-c", directory + "/nginx.conf"], environment: [:],
            directory: directory)
        do {
            try await poll("nginx to answer") { !child.isRunning || ports.allSatisfy(isAnswering) }
            guard child.isRunning else { throw Child.Failed(description: "nginx: \(child.errorsSoFar)") }
        } catch {
            child.kill(SIGKILL)
            try await child.wait()
            throw error
        }
        return child
    }

    /// Ends it in the middle of whatever it does; connections are refused from then on.
    func stop(isolation: isolated (any Actor)? = #isolation) async throws {
        let child = child.withLock { $0 }
        child.kill(SIGKILL)
        try await child.wait()
    }

    /// Starts it again, on the same ports.
    func startAgain(isolation: isolated (any Actor)? = #isolation) async throws {
        let new = try await Self.start(directory, ports)
        child.withLock { $0 = new }
    }

    private static func configuration(
        _ directory: String, _ ports: [Int], _ certificates: [String], _ rate: String, _ settings: String,
        _ servers: [String]
    ) -> String {
        let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(directory)/\($0);" }
        let secure = zip(ports.dropFirst(), certificates).map { port, name in
            """
            server {
              listen 127.0.0.1:\(port) ssl http2; root \(directory)/www; limit_rate \(rate);
              ssl_certificate \(directory)/\(name).pem; ssl_certificate_key \(directory)/\(name).key;
            }
            """
        }
        let further = zip(ports.dropFirst(1 + certificates.count), servers).map { port, text in
            "server { listen 127.0.0.1:\(port); \(text) }"
        }
        return """
            daemon off; master_process off; pid \(directory)/nginx.pid;
            events { worker_connections 64; }
            http {
              log_format short "$uri $server_protocol $ssl_alpn_protocol"; access_log \(directory)/access.log short;
              \(places.joined(separator: " "))
              \(settings)
              server { listen 127.0.0.1:\(ports[0]); root \(directory)/www; limit_rate \(rate); }
              \((secure + further).joined(separator: "\n"))
            }
            """
    }

    /// Ports that nobody has, all held at once so that they differ.
    private static func freePorts(count: Int) throws -> [Int] {
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        return try (0..<count).map { _ in
            let socket = Loopback.stream()
            sockets.append(socket)
            return try Loopback.bind(socket)
        }
    }

    private static func isAnswering(_ port: Int) -> Bool {
        let socket = Loopback.stream()
        defer { close(socket) }
        return Loopback.connect(socket, port: port)
    }
}
