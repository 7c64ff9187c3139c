import FaultServer
import Foundation
import Testing

/// HTTP/2, which is offered on demand: what is special about it.
@Suite(
    .timeLimit(.minutes(10)),
    .enabled(if: Program.has("nginx") && Program.has("openssl"), "nginx or openssl is not installed"))
struct HTTP2Tests {
    private static let model = TestModel(
        ["weights.bin": 1_000_000, "a": 1000, "b": 2000, "checkpoint": 77], marker: "checkpoint")

    /// Runs `body` beside an nginx of HTTP/2.
    private func withNginx(
        _ model: TestModel = model, _ secureSettings: String = "",
        _ body: (Workspace, [String]) async throws -> Void
    ) async throws {
        try await withWorkspace(model) { workspace in
            try await Authority(workspace.path).lend()
            try await Nginx.run(in: workspace.path, certificates: ["good"], secureSettings: secureSettings) { nginx in
                let source = "https://127.0.0.1:\(nginx.ports[1])/"
                let arguments = ["--manifest", "test.json", "model", "--source", source, "--cacert", "ca.pem"]
                try await body(workspace, arguments + ["--http2", "--retry-delay", "0.01"])
            }
        }
    }

    @Test func `a connection that the server closes after two requests costs no attempt`() async throws {
        let files = (0..<40).map { ("\($0)", TestModel.File([UInt8](repeating: UInt8($0), count: 100 * $0 + 1))) }
        // nginx says GOAWAY then.
        try await withNginx(TestModel(files: files, marker: nil), "keepalive_requests 2;") { workspace, arguments in
            try workspace.writeModel(to: "www")
            let result = try await workspace.run(arguments + ["--json"])
            let report = try result.report()
            #expect(result.status == 0, "\(result.err)")
            #expect(report.int("bytes_downloaded") == workspace.model.bytes && report.int("retries") == 0)
            workspace.expectWhole()
            try await poll("the log") { workspace.lines(of: "access.log").count == files.count }
            #expect(workspace.lines(of: "access.log").allSatisfy { $0.hasSuffix(" HTTP/2.0 h2") })
        }
    }

    @Test func `a stream that is reset is retried, without receiving a byte twice`() async throws {
        let script: FaultScript = [
            .on(path: "weights.bin", request: 0, .drop(after: 500_000)),
            .on(path: "weights.bin", request: 1, .reset(after: 200_000)), .on(path: "b", request: 0, .drop(after: 10)),
        ]
        try await FaultServer.run(files: Self.model.content, script: script) { origin in
            // An origin that breaks off makes nginx reset the stream.
            let passing = "location / { proxy_pass \(origin.baseURL); proxy_http_version 1.1; proxy_buffering off; }"
            try await withNginx(Self.model, passing) { workspace, arguments in
                let result = try await workspace.run(arguments + ["--json"])
                let report = try result.report()
                #expect(result.status == 0, "\(result.err)")
                #expect(report.int("bytes_downloaded") == Self.model.bytes)
                #expect(report.int("retries") == 3)
                workspace.expectWhole()
            }
        }
    }

    @Test(.disabled(if: Program.isSanitized, "a sanitizer's memory is not ours"))
    func `what a server sends ahead of a slow reader is not kept in memory`() async throws {
        // libcurl 7 allows a server 32 MB a stream, and four are read at once.
        let size: Int64 = 64 << 20
        let files = ["a", "b", "c", "d"].map {
            ($0, TestModel.File(served: .synthetic(size: size, seed: 1), sha256: digest(of: [])))
        }
        try await withNginx(TestModel(files: files, marker: nil)) { workspace, arguments in
            try workspace.write([], to: "www/a")
            truncate(workspace.path + "/www/a", off_t(size))
            for name in ["b", "c", "d"] {
                try FileManager.default.linkItem(
                    atPath: workspace.path + "/www/a", toPath: "\(workspace.path)/www/\(name)")
            }
            let child = try workspace.start(arguments + ["--limit-rate", "8M", "--no-sync"])
            try await poll("some of each") {
                ["a", "b", "c", "d"].allSatisfy { (workspace.contents($0 + ".partial")?.count ?? 0) > 2 << 20 }
            }
            let peak = child.peakMemory
            child.kill(SIGKILL)
            try await child.wait()
            #expect((1..<96 << 20).contains(peak), "\(peak) bytes of memory")
        }
    }

    @Test func `a server that refuses HTTP 1.1 in the handshake has a hint to offer HTTP 2`() async throws {
        try await withWorkspace(Self.model) { workspace in
            try await Authority(workspace.path).lend()
            try await Daemon.run(in: workspace.path) { ports in
                let arguments = [
                    "s_server", "-accept", "127.0.0.1:\(ports[0])", "-cert", "good.pem", "-key", "good.key",
                ]
                return .init(program: "openssl", arguments: arguments + ["-alpn", "h2", "-quiet"])
            } _: { server in
                let result = try await workspace.run(
                    "--manifest", "test.json", "model", "--source", "https://127.0.0.1:\(server.ports[0])/", "--cacert",
                    "ca.pem", "--retries", "0")
                #expect(result.status == 69)
                #expect(result.err.contains("add --http2"), "\(result.err)")
            }
        }
    }

    /// Its server sends whole files whatever was asked: what is sampled is broken off, and the connection used again with
    /// much still on its way.
    @Test(.enabled(if: Program.has("nghttpd"), "nghttpd is not installed"))
    func `streams that we break off leave the connection usable`() async throws {
        let model = TestModel(["weights.bin": 8_000_000, "checkpoint": 77], marker: "checkpoint")
        try await withWorkspace(model) { workspace in
            try workspace.writeModel(to: "www")
            var damaged = model.files[0].file.served.read(0..<8_000_000)
            damaged[5_000_000] ^= 1
            try workspace.write(damaged, to: "model/weights.bin")
            try await RealServer(origin: .nghttpd, wire: .http2).run(in: workspace) { running in
                let result = try await workspace.run(running.download("--json", "--retries", "0"))
                #expect(result.status == 0, "\(result.err)")
                #expect(try result.report().int("retries") == 0)
                workspace.expectWhole()
            }
        }
    }

    @Test(.enabled(if: Program.has("nghttpd"), "nghttpd is not installed"))
    func `a server that speaks only HTTP 2 is reached only with --http2`() async throws {
        try await withWorkspace(Self.model) { workspace in
            try workspace.writeModel(to: "www")
            try await RealServer(origin: .nghttpd, wire: .http2).run(in: workspace) { running in
                let few = running.download("--retries", "1", "--retry-delay", "0.01")
                let without = try await workspace.run(few.filter { $0 != "--http2" })
                #expect(without.status == 69, "\(without.err)")
                workspace.expectNothingWrong()
                #expect(try await workspace.run(few).status == 0)
                workspace.expectWhole()
            }
        }
    }
}
