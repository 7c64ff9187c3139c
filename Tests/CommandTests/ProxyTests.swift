import FaultServer
import Foundation
import Testing

/// What stands between a client and its server: proxies that cut short, keep old files, and change what they carry.
@Suite(.timeLimit(.minutes(10)))
struct ProxyTests {
    private static let isInstalled = Program.has("nginx")
    private static let model = TestModel(
        ["weights.bin": 400_000, "config.json": 90, "checkpoint": 77], marker: "checkpoint")
    /// The same names and sizes, other bytes.
    private static var older: Content {
        var files: [String: ServedFile] = [:]
        for (name, file) in model.files { files[name] = .synthetic(size: file.served.size, seed: 99) }
        return Content(files)
    }

    @Test func `a download survives a proxy that truncates responses, without receiving a byte twice`() async throws {
        let script: FaultScript = [.on(path: "weights.bin", requests: 0...3, .drop(after: 90_000))]
        try await withServer(Self.model, script: script) { workspace, proxy in
            // Nobody but the proxy knows that host.
            let result = try await workspace.run(
                "--manifest", workspace.manifest, workspace.directory, "--source", "http://models.invalid/", "--proxy",
                proxy.baseURL, "--retry-delay", "0.01")
            #expect(result.status == 0, "\(result.err)")
            workspace.expectWhole()
            #expect(proxy.bodyBytesSent == Self.model.bytes)
            #expect(proxy.log.allSatisfy { $0.target.hasPrefix("http://models.invalid/") })
        }
    }

    @Test(.enabled(if: isInstalled, "nginx is not installed"))
    func `a cache that keeps an old file is found out by the digest, and the next source is asked`() async throws {
        try await withServer(Self.model) { workspace, origin in
            let settings = "proxy_cache_path \(workspace.path)/cache keys_zone=cache:1m;"
            let cache = "location / { proxy_pass \(origin.baseURL); proxy_cache cache; proxy_cache_valid 200 1h; }"
            try await Nginx.run(in: workspace.path, settings: settings, servers: [cache]) { nginx in
                let cached = "http://127.0.0.1:\(nginx.ports[1])/"
                let arguments = ["--manifest", "test.json", "model", "--source", cached]
                origin.replace(files: Self.older)
                #expect(try await workspace.run(arguments).status == 65)
                // The origin is right from now on; the cache does not ask it.
                origin.replace(files: Self.model.content)
                let asked = origin.log.count
                let stale = try await workspace.run(arguments)
                #expect(stale.status == 65)
                #expect(stale.err.contains("another digest"), "\(stale.err)")
                #expect(origin.log.count == asked)
                workspace.expectNothingWrong()

                let both = try await workspace.run(arguments + ["--source", origin.baseURL])
                #expect(both.status == 0, "\(both.err)")
                workspace.expectWhole()
            }
        }
    }

    @Test(.enabled(if: isInstalled, "nginx is not installed"))
    func `a proxy that changes what it carries is refused, and the next source is asked`() async throws {
        try await withServer(Self.model) { workspace, origin in
            // Of the text that is added the length changes: nginx then sends none, and no ranges.
            let rewriting =
                "add_before_body /banner; sub_filter_types *; sub_filter x y; "
                + "location / { proxy_pass \(origin.baseURL); } location = /banner { return 200 'Seen by a proxy'; }"
            let padding = "addition_types *; " + rewriting
            try await Nginx.run(in: workspace.path, servers: [padding]) { nginx in
                let arguments = [
                    "--manifest", "test.json", "model", "--source", "http://127.0.0.1:\(nginx.ports[1])/",
                    "--retry-delay", "0.01", "--retries", "2",
                ]
                let changed = try await workspace.run(arguments)
                #expect([65, 76].contains(changed.status), "\(changed.err)")
                workspace.expectNothingWrong()
                #expect(!workspace.exists("weights.bin"))
                let both = try await workspace.run(arguments + ["--source", origin.baseURL])
                #expect(both.status == 0, "\(both.err)")
                workspace.expectWhole()
            }
        }
    }

    @Test(.enabled(if: isInstalled, "nginx is not installed"))
    func `a proxy that compresses on the way changes nothing`() async throws {
        try await withServer(Self.model) { workspace, origin in
            let zipping =
                "gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any; gzip_http_version 1.0; "
                + "location / { proxy_pass \(origin.baseURL); }"
            try await Nginx.run(in: workspace.path, servers: [zipping]) { nginx in
                let result = try await workspace.run(
                    "--manifest", "test.json", "model", "--source", "http://127.0.0.1:\(nginx.ports[1])/")
                #expect(result.status == 0, "\(result.err)")
                workspace.expectWhole()
            }
        }
    }
}
