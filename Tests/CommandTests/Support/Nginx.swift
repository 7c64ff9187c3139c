import Foundation

/// A real web server for one test: nginx on free loopback ports, with everything it writes below one directory.
enum Nginx {
    /// Runs nginx for as long as `body` takes. Serves `<directory>/www`.
    ///
    /// Its ports are that of plain HTTP, those of HTTPS for each certificate, and those of the further servers.
    ///
    /// - Parameters:
    ///   - certificates: names of `<name>.pem` and `<name>.key` in the directory.
    ///   - rate: bytes per second of each connection.
    ///   - settings: further lines for the `http` block.
    ///   - secureSettings: further lines for the servers of HTTPS.
    ///   - servers: what further servers do, each on a port of its own.
    static func run<R>(
        in directory: String, certificates: [String] = [], rate: String = "0", settings: String = "",
        secureSettings: String = "", servers: [String] = [], isolation: isolated (any Actor)? = #isolation,
        _ body: (Daemon) async throws -> R
    ) async throws -> R {
        let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(directory)/\($0);" }
        return try await Daemon.run(in: directory, portCount: 1 + certificates.count + servers.count) { ports in
            let secure = zip(ports.dropFirst(), certificates).map { port, name in
                """
                server {
                  listen 127.0.0.1:\(port) ssl http2; root \(directory)/www; limit_rate \(rate);
                  ssl_certificate \(directory)/\(name).pem; ssl_certificate_key \(directory)/\(name).key;
                  \(secureSettings)
                }
                """
            }
            let further = zip(ports.dropFirst(1 + certificates.count), servers).map { port, text in
                "server { listen 127.0.0.1:\(port); \(text) }"
            }
            let configuration = """
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
            let file = directory + "/nginx.conf"
            try configuration.write(toFile: file, atomically: true, encoding: .utf8)
            return Daemon.Launch(program: "nginx", arguments: ["-p", directory, "-e", "stderr", "-c", file])
        } _: {
            try await body($0)
        }
    }
}
