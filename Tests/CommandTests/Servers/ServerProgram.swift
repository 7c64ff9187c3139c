import Foundation

/// A server program that nobody wrote for these tests: an origin that serves a directory, or a proxy.
struct ServerProgram: Sendable {
    let name: String
    /// Whether it gives a part of a file when it is asked for one.
    var hasRanges = true
    /// Writes what it reads below the directory, and says how it is started.
    let launch: @Sendable (Place) throws -> Daemon.Launch

    struct Place {
        /// Where all that it reads and writes lies; an origin serves `www` in it.
        var directory: String
        var port: Int
        /// Whether it speaks TLS, with `good.pem` and `good.key` of the directory.
        var isSecure = false

        fileprivate func write(_ text: String, to file: String) throws -> String {
            let path = directory + "/" + file
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }
    }

    var isInstalled: Bool { Program.has(name) }
}

// MARK: - Origins

extension ServerProgram {
    static let nginx = ServerProgram(name: "nginx") { place in
        let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map {
            "\($0)_temp_path \(place.directory)/nginx-\($0);"
        }
        let secure = "ssl http2; ssl_certificate good.pem; ssl_certificate_key good.key"
        let configuration = """
            daemon off; master_process off; pid nginx.pid;
            events { worker_connections 64; }
            http {
              access_log off; \(places.joined(separator: " "))
              server { listen 127.0.0.1:\(place.port) \(place.isSecure ? secure : ""); root \(place.directory)/www; }
            }
            """
        let file = try place.write(configuration, to: "nginx.conf")
        return .init(program: "nginx", arguments: ["-p", place.directory, "-e", "stderr", "-c", file])
    }

    static let caddy = ServerProgram(name: "caddy") { place in
        let configuration = """
            {
              admin off
              auto_https off
              storage file_system \(place.directory)/caddy
              servers {
                protocols h1 h2
              }
            }
            \(place.isSecure ? "https" : "http")://127.0.0.1:\(place.port) {
              bind 127.0.0.1
              \(place.isSecure ? "tls \(place.directory)/good.pem \(place.directory)/good.key" : "")
              root * \(place.directory)/www
              file_server
            }

            """
        let file = try place.write(configuration, to: "Caddyfile")
        return .init(
            program: "caddy", arguments: ["run", "--config", file, "--adapter", "caddyfile"],
            environment: ["HOME": place.directory])
    }

    /// What it knows of a file it keeps for a second unless told: a file that was replaced would be served with the old size.
    static let lighttpd = ServerProgram(name: "lighttpd") { place in
        let configuration = """
            server.document-root = "\(place.directory)/www"
            server.bind = "127.0.0.1"
            server.port = \(place.port)
            server.upload-dirs = ("\(place.directory)")
            server.stat-cache-engine = "disable"

            """
        let file = try place.write(configuration, to: "lighttpd.conf")
        return .init(program: "lighttpd", arguments: ["-D", "-f", file])
    }

    /// nghttp2's own server: HTTP/2 and nothing else, and always the whole file.
    static let nghttpd = ServerProgram(name: "nghttpd", hasRanges: false) { place in
        let arguments = ["-a", "127.0.0.1", "-d", place.directory + "/www", "\(place.port)"]
        return .init(program: "nghttpd", arguments: arguments + ["good.key", "good.pem"])
    }

    /// Python's `http.server`: HTTP/1.0, always the whole file, and no entity tags.
    static let python = ServerProgram(name: "python3", hasRanges: false) { place in
        .init(
            program: "python3",
            arguments: ["-m", "http.server", "--bind", "127.0.0.1", "--directory", "www", "\(place.port)"])
    }
}

// MARK: - Proxies

extension ServerProgram {
    static let squid = ServerProgram(name: "squid") { place in
        let configuration = """
            http_port 127.0.0.1:\(place.port)
            http_access allow all
            cache deny all
            cache_mem 0 MB
            access_log none
            cache_log \(place.directory)/squid.log
            pid_filename none
            netdb_filename none
            coredump_dir none
            pinger_enable off
            max_filedescriptors 256
            shutdown_lifetime 0 seconds

            """
        let file = try place.write(configuration, to: "squid.conf")
        // Its shared memory has the service's name.
        let service = "modelfetch\(place.port)"
        let leftovers = ["metadata", "queues", "readers"].map { "/dev/shm/\(service)-cf__\($0).shm" }
        return .init(program: "squid", arguments: ["-N", "-n", service, "-f", file], leftovers: leftovers)
    }

    static let tinyproxy = ServerProgram(name: "tinyproxy") { place in
        let configuration = "Port \(place.port)\nListen 127.0.0.1\nMaxClients 50\nTimeout 60\nLogLevel Error\n"
        let file = try place.write(configuration, to: "tinyproxy.conf")
        return .init(program: "tinyproxy", arguments: ["-d", "-c", file])
    }
}
