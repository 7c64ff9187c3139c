import Testing

/// Real servers as the program meets them: which one, over what, and through whom.
struct RealServer: Sendable, CustomTestStringConvertible {
    enum Wire: String, Sendable {
        case plain = "HTTP"
        case secure = "HTTPS"
        /// HTTPS by a client that offers HTTP/2.
        case http2 = "HTTP/2"
    }

    let origin: ServerProgram
    var wire = Wire.plain
    var proxy: ServerProgram?

    static let all = [
        RealServer(origin: .nginx), RealServer(origin: .nginx, wire: .secure), RealServer(origin: .nginx, wire: .http2),
        RealServer(origin: .caddy), RealServer(origin: .caddy, wire: .secure), RealServer(origin: .caddy, wire: .http2),
        RealServer(origin: .lighttpd), RealServer(origin: .python), RealServer(origin: .nghttpd, wire: .http2),
        RealServer(origin: .nginx, proxy: .squid), RealServer(origin: .nginx, wire: .secure, proxy: .squid),
        RealServer(origin: .nginx, proxy: .tinyproxy), RealServer(origin: .nginx, wire: .secure, proxy: .tinyproxy),
        RealServer(origin: .caddy, wire: .http2, proxy: .tinyproxy),
    ]
    /// In CI all, so that what is missing there fails.
    static let installed = all.filter { $0.programs.allSatisfy(\.isInstalled) && ($0.wire == .plain || hasOpenSSL) }
    static let missing = Set(all.flatMap(\.programs).filter { !$0.isInstalled }.map(\.name)).sorted()

    private static let hasOpenSSL = Program.has("openssl")
    private var programs: [ServerProgram] { [origin] + (proxy.map { [$0] } ?? []) }

    var testDescription: String {
        "\(origin.name) over \(wire.rawValue)" + (proxy.map { " behind \($0.name)" } ?? "")
    }

    /// A server that runs, and how the program comes to it.
    struct Running {
        let origin: Daemon
        /// The wire between the origin and whoever asks it, if there is one of ours.
        let relay: Relay?
        fileprivate let proxyPort: Int?
        fileprivate let wire: Wire

        /// A download of the workspace's model.
        func download(_ more: String...) -> [String] {
            let base = "\(wire == .plain ? "http" : "https")://127.0.0.1:\(relay?.port ?? origin.ports[0])/"
            var arguments = ["--manifest", "test.json", "model", "--source", base, "--no-sync"]
            if wire != .plain { arguments += ["--cacert", "ca.pem"] }
            if wire == .http2 { arguments.append("--http2") }
            if let proxyPort, wire == .plain { arguments += ["--proxy", "http://127.0.0.1:\(proxyPort)"] }
            return arguments + more
        }

        /// A proxy for HTTPS comes from the environment, as it mostly does.
        var environment: [String: String] {
            guard let proxyPort, wire != .plain else { return [:] }
            return ["https_proxy": "http://127.0.0.1:\(proxyPort)"]
        }
    }

    /// Runs `body` beside the server, which serves `www` of the workspace.
    ///
    /// - Parameter limit: if given, the connections with the origin stand still after so many bytes in all, until the relay cuts them.
    func run<R>(
        in workspace: Workspace, holdingAfter limit: Int? = nil, isolation: isolated (any Actor)? = #isolation,
        _ body: (Running) async throws -> R
    ) async throws -> R {
        if wire != .plain { try await Authority(workspace.path).lend() }
        return try await start(origin, in: workspace, isSecure: wire != .plain) { daemon in
            try await withRelay(to: daemon, holdingAfter: limit) { relay in
                guard let proxy else {
                    return try await body(Running(origin: daemon, relay: relay, proxyPort: nil, wire: wire))
                }
                return try await start(proxy, in: workspace) { through in
                    try await body(Running(origin: daemon, relay: relay, proxyPort: through.ports[0], wire: wire))
                }
            }
        }
    }

    private func start<R>(
        _ program: ServerProgram, in workspace: Workspace, isSecure: Bool = false,
        isolation: isolated (any Actor)? = #isolation, _ body: (Daemon) async throws -> R
    ) async throws -> R {
        let path = workspace.path
        return try await Daemon.run(in: path) { ports in
            try program.launch(.init(directory: path, port: ports[0], isSecure: isSecure))
        } _: {
            try await body($0)
        }
    }

    private func withRelay<R>(
        to daemon: Daemon, holdingAfter limit: Int?, isolation: isolated (any Actor)? = #isolation,
        _ body: (Relay?) async throws -> R
    ) async throws -> R {
        guard let limit else { return try await body(nil) }
        return try await Relay.run(to: daemon.ports[0], holdingAfter: limit) { try await body($0) }
    }
}
