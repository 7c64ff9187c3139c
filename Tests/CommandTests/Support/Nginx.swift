import Foundation

/// A real web server for one test: nginx on free loopback ports, with everything it writes below one directory.
enum Nginx {
    /// How fast it sends.
    enum Pace {
        case free
        /// The first 1.3 million bytes of each answer at once, and then next to nothing: there is all the time to look.
        case trickle

        fileprivate var settings: String {
            switch self {
            case .free: "limit_rate 0;"
            case .trickle: "limit_rate_after 1300000; limit_rate 4k;"
            }
        }
    }

    private static let paceFile = "pace.conf"

    /// Takes effect when it is started (again).
    static func setPace(_ pace: Pace, in directory: String) throws {
        try pace.settings.write(toFile: "\(directory)/\(paceFile)", atomically: true, encoding: .utf8)
    }

    /// Runs nginx for as long as `body` takes. Serves `<directory>/www`.
    ///
    /// Its ports are that of plain HTTP, those of HTTPS for each certificate, and those of the further servers.
    ///
    /// - Parameters:
    ///   - certificates: names of `<name>.pem` and `<name>.key` in the directory.
    ///   - pace: see ``setPace(_:in:)``.
    ///   - settings: further lines for the `http` block.
    ///   - secureSettings: further lines for the servers of HTTPS.
    ///   - servers: what further servers do, each on a port of its own.
    static func run<R>(
        in directory: String, certificates: [String] = [], pace: Pace = .free, settings: String = "",
        secureSettings: String = "", servers: [String] = [], isolation: isolated (any Actor)? = #isolation,
        _ body: (Daemon) async throws -> R
    ) async throws -> R {
        let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(directory)/\($0);" }
        try setPace(pace, in: directory)
        return try await Daemon.run(in: directory, portCount: 1 + certificates.count + servers.count) { ports in
            let secure = zip(ports.dropFirst(), certificates).map { port, name in
                """
                server {
                  listen 127.0.0.1:\(port) ssl http2; root \(directory)/www;
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
                  include \(directory)/\(paceFile);
                  \(settings)
                  server { listen 127.0.0.1:\(ports[0]); root \(directory)/www; }
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
