import FaultServer
import Foundation
import Testing

/// HTTPS as nginx speaks it: certificates good and bad, connections that are cut and damaged, and the version that is agreed on.
@Suite(
    .timeLimit(.minutes(10)),
    .enabled(if: Program.has("nginx") && Program.has("openssl"), "nginx or openssl is not installed"))
struct TLSTests {
    private static let model = TestModel(
        ["weights.bin": 1_000_000, "sub/vocab.bpe": 90, "checkpoint": 77], marker: "checkpoint")

    /// Runs `body` beside an nginx with a port for each certificate, after the one for plain HTTP.
    private func withServer(
        _ certificates: [String],
        _ body: (Workspace, _ arguments: (Int, [String]) -> [String], Daemon) async throws -> Void
    ) async throws {
        try await withWorkspace(Self.model) { workspace in
            try workspace.writeModel(to: "www")
            try await Authority(workspace.path).issue()
            try await Nginx.run(in: workspace.path, certificates: certificates) { nginx in
                func arguments(_ port: Int, _ more: [String]) -> [String] {
                    ["--manifest", "test.json", "model", "--source", "https://127.0.0.1:\(port)/"] + more
                }
                try await body(workspace, arguments, nginx)
            }
        }
    }

    @Test(
        arguments: [
            ("good", false, "issued by an authority that is not trusted here: "),
            ("self", true, "issued by an authority that is not trusted here: "),
            ("other", true, "issued for another host"), ("expired", true, "expired: "),
            ("early", true, "not valid yet: "),
        ])
    func `HTTPS is trusted only with the right authority, the right name and in time`(
        certificate: String, isAuthorityKnown: Bool, reason: String
    ) async throws {
        try await withServer([certificate]) { workspace, arguments, nginx in
            let known = isAuthorityKnown ? ["--cacert", "ca.pem"] : []
            let result = try await workspace.run(arguments(nginx.ports[1], known))
            #expect(result.status == 76)
            #expect(result.err.contains("the server's certificate is not trusted"))
            #expect(result.err.contains(reason), "\(result.err)")
            // Refused for good: nothing of this is worth another attempt.
            #expect(!result.err.contains("trying again"))
            #expect(!workspace.exists("checkpoint") && !workspace.exists("weights.bin"))
        }
    }

    @Test func `plain HTTP on the port of an https address is said once, and not tried again`() async throws {
        try await withServer(["good"]) { workspace, arguments, nginx in
            let result = try await workspace.run(arguments(nginx.ports[0], ["--json"]))
            #expect(result.status == 69)
            #expect(result.err.contains("does not speak TLS"), "\(result.err)")
            #expect(result.err.split(separator: "\n").count == 2, "\(result.err)")
            // Each of the files that were worked on found out for itself.
            #expect(try result.report().int("retries") == 0)
        }
    }

    @Test func `HTTP 1.1 is used even with a server that offers more`() async throws {
        try await withServer(["good"]) { workspace, arguments, nginx in
            let good = try await workspace.run(arguments(nginx.ports[1], ["--cacert", "ca.pem"]))
            #expect(good.status == 0, "\(good.err)")
            workspace.expectWhole()
            // By the environment, too.
            try FileManager.default.removeItem(atPath: workspace.directory)
            let again = try await workspace.run(
                arguments(nginx.ports[1], []), environment: ["SSL_CERT_FILE": workspace.path + "/ca.pem"])
            #expect(again.status == 0, "\(again.err)")
            // What nginx has logged when it has sent the whole answer. So there are no streams to be reset, and no GOAWAY.
            try await poll("the log") { workspace.lines(of: "access.log").count == 6 }
            #expect(workspace.lines(of: "access.log").allSatisfy { $0.hasSuffix(" HTTP/1.1 http/1.1") })
        }
    }

    @Test func `a TLS connection closed without close_notify does not end a file`() async throws {
        try await withServer(["good"]) { workspace, arguments, nginx in
            // The handshake takes 2 or 3 KB; one cut is in it, the others in bodies.
            let cuts = [1000, 300_000, 200_000, 400_000].map { Relay.Fault.cut(after: $0) }
            try await Relay.run(to: nginx.ports[1], cuts) { relay in
                let only = ["--cacert", "ca.pem", "--retry-delay", "0.01", "--only", "weights.bin", "--json"]
                let result = try await workspace.run(arguments(relay.port, only))
                let report = try result.report()
                #expect(report.int("exit_code") == 0, "\(result.err)")
                #expect(relay.pending == 0)
                #expect(workspace.contents("weights.bin").map { digest(of: $0) } == Self.model.files[0].file.sha256)
                // What had come before each cut was kept.
                #expect(report.int("bytes_downloaded") == 1_000_000)
                #expect(report.int("retries") == 4)
            }
        }
    }

    @Test func `a damaged TLS record is noticed, and its bytes are requested again`() async throws {
        try await withServer(["good"]) { workspace, arguments, nginx in
            let flips = [100_000, 150_000].map { Relay.Fault.flip(at: $0) }
            try await Relay.run(to: nginx.ports[1], flips) { relay in
                let more = ["--cacert", "ca.pem", "--retry-delay", "0.01", "--only", "weights.bin"]
                let result = try await workspace.run(arguments(relay.port, more))
                #expect(result.status == 0, "\(result.err)")
                #expect(relay.pending == 0)
                #expect(workspace.contents("weights.bin").map { digest(of: $0) } == Self.model.files[0].file.sha256)
                #expect(!result.err.contains("the digest is wrong"), "\(result.err)")
            }
        }
    }
}
