import FaultServer
import Foundation
import Testing

/// A server that nobody wrote for these tests: nginx, over HTTP and over HTTPS with certificates good and bad.
@Suite(
    .timeLimit(.minutes(4)),
    .enabled(if: Program.has("nginx") && Program.has("openssl"), "nginx or openssl is not installed"))
struct NginxTests {
    private static let model = TestModel(
        ["weights.bin": 3_000_000, "sub/vocab.bpe": 90, "checkpoint": 77], marker: "checkpoint")

    private func withModel(_ body: (Sandbox) async throws -> Void) async throws {
        try await withSandbox(Self.model) { sandbox in
            for (name, file) in Self.model.files {
                try sandbox.write(file.served.read(0..<file.served.size), to: "www/" + name)
            }
            try await body(sandbox)
        }
    }

    @Test func `a whole download, and one that goes on after a kill`() async throws {
        try await withModel { sandbox in
            try await Nginx.run(in: sandbox.path, rate: "1000k") { nginx in
                let arguments = [
                    "--manifest", "test.json", "model", "--source", "http://127.0.0.1:\(nginx.ports[0])/", "--json",
                ]
                let child = try sandbox.start(arguments)
                try await poll("a part of the file") {
                    (sandbox.contents("weights.bin.partial")?.count ?? 0) > 1_300_000
                }
                child.kill(SIGKILL)
                try await child.wait()
                sandbox.expectNothingWrong()
                let report = try await sandbox.run(arguments).report()
                #expect(report.int("exit_code") == 0 && report.states["weights.bin"] == "resumed")
                let file = try #require(report.files.first)
                #expect(file.int("bytes_downloaded")! + file.int("bytes_reused")! == 3_000_000)
                #expect(file.int("bytes_reused")! > 0)
                sandbox.expectWhole()
            }
        }
    }

    @Test func `HTTPS is trusted only with the right authority, the right name and in time`() async throws {
        try await withModel { sandbox in
            try await Authority(sandbox.path).issue()
            try await Nginx.run(in: sandbox.path, certificates: ["good", "other", "expired"]) { nginx in
                func arguments(_ port: Int, _ more: String...) -> [String] {
                    ["--manifest", "test.json", "model", "--source", "https://127.0.0.1:\(nginx.ports[port])/"] + more
                }
                let unknown = try await sandbox.run(arguments(1))
                #expect(unknown.status == 76)
                #expect(unknown.err.contains("the server's certificate is not to be trusted"))
                #expect(
                    unknown.err.contains("issued by an authority that is not trusted here (see --cacert)"),
                    "\(unknown.err)")

                let name = try await sandbox.run(arguments(2, "--cacert", "ca.pem"))
                #expect(name.status == 76)
                #expect(name.err.contains("issued for another host"), "\(name.err)")

                let late = try await sandbox.run(arguments(3, "--cacert", "ca.pem"))
                #expect(late.status == 76)
                #expect(late.err.contains("expired (is the clock here right?)"), "\(late.err)")
                #expect(!sandbox.exists("checkpoint") && !sandbox.exists("weights.bin"))

                // Refused for good: nothing of this is worth another attempt.
                #expect([unknown, name, late].allSatisfy { !$0.err.contains("trying again") })

                let good = try await sandbox.run(arguments(1, "--cacert", "ca.pem"))
                #expect(good.status == 0, "\(good.err)")
                sandbox.expectWhole()
                let again = try await sandbox.run(
                    ["--manifest", "test.json", "second", "--source", "https://127.0.0.1:\(nginx.ports[1])/"],
                    environment: ["SSL_CERT_FILE": sandbox.path + "/ca.pem"])
                #expect(again.status == 0, "\(again.err)")
            }
        }
    }
}

/// A throw-away certificate authority, by the openssl program.
private struct Authority {
    private let directory: String

    init(_ directory: String) { self.directory = directory }

    /// Makes `ca.pem` and three certificates for servers: `good`, one for another host, and one that has expired.
    func issue() async throws {
        try await openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=modelfetch test authority", "-keyout", "ca.key", "-out", "ca.pem")
        try await issue("good", name: "IP:127.0.0.1", from: "20200101000000Z", until: "20991231000000Z")
        try await issue("other", name: "DNS:elsewhere.example", from: "20200101000000Z", until: "20991231000000Z")
        try await issue("expired", name: "IP:127.0.0.1", from: "20200101000000Z", until: "20210101000000Z")
    }

    private func issue(_ file: String, name: String, from: String, until: String) async throws {
        let configuration = """
            [ca]
            default_ca = throwaway
            [throwaway]
            new_certs_dir = .
            database = \(file).index
            rand_serial = yes
            default_md = sha256
            policy = any
            x509_extensions = server
            [any]
            commonName = supplied
            [server]
            subjectAltName = \(name)
            """
        try configuration.write(toFile: "\(directory)/\(file).cnf", atomically: true, encoding: .utf8)
        try "".write(toFile: "\(directory)/\(file).index", atomically: true, encoding: .utf8)
        try await openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", "/CN=server", "-keyout", "\(file).key", "-out", "\(file).csr")
        try await openssl(
            "ca", "-batch", "-config", "\(file).cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-notext",
            "-startdate", from, "-enddate", until, "-in", "\(file).csr", "-out", "\(file).pem")
    }

    private func openssl(_ arguments: String...) async throws {
        try await Tool.run("openssl", arguments, directory: directory)
    }
}
