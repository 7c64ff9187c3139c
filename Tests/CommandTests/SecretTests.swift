import FaultServer
import Foundation
import Testing

/// Secrets go to the origin they were given for, and are printed and kept nowhere.
@Suite(.timeLimit(.minutes(10)))
struct SecretTests {
    private static let secrets = ["hunter2", "czNjcmV0", "s3cret", "t0ken"]

    /// Everything that a run printed and left.
    private func expectNoSecret(_ result: Child.Result, _ workspace: Workspace) {
        for secret in Self.secrets {
            #expect(!result.out.contains(secret), "on stdout: \(result.out)")
            #expect(!result.err.contains(secret), "on stderr: \(result.err)")
            for name in FileManager.default.subpaths(atPath: workspace.directory) ?? [] where !name.hasSuffix(".bin") {
                let text = String(decoding: workspace.contents(name) ?? [], as: UTF8.self)
                #expect(!text.contains(secret), "in \(name)")
            }
        }
    }

    private func withSecrets(_ server: FaultServer, _ path: String = "") -> String {
        "http://s3cret:hunter2@127.0.0.1:\(server.port)/\(path)"
    }

    @Test(arguments: [["--verbose"], ["--json", "--verbose"], ["--dry-run"], ["--dry-run", "--json"], ["--quiet"]])
    func `credentials in a source's URL are sent and shown nowhere`(options: [String]) async throws {
        // "s3cret:hunter2" in base 64.
        let script: FaultScript = [
            .on(.authorization(required: "Basic czNjcmV0Omh1bnRlcjI=")),
            .on(path: "weights.bin", request: 0, .drop(after: 9999)),
            .on(path: "weights.bin", request: 1, .status(503)),
        ]
        try await withServer(script: script) { workspace, server in
            let result = try await workspace.run(
                ["--manifest", "test.json", "model", "--source", withSecrets(server), "--retry-delay", "0.01"] + options
            )
            #expect(result.status == 0, "\(result.err)")
            expectNoSecret(result, workspace)
        }
    }

    @Test(
        arguments: [
            [.status(401)], [.status(404)], [.redirect(to: "ftp://s3cret:hunter2@127.0.0.1/?sig=t0ken")],
            [.redirect(to: "http://s3cret:hunter2@127.0.0.1:1/x?sig=t0ken")],
            [.captivePortal(html: "<html>Log in</html>", withLength: nil, padded: nil)],
            [.contentLength(value: "5")], [.closeBeforeHead],
        ] as [[Fault]])
    func `failures show no credentials`(faults: [Fault]) async throws {
        try await withServer(script: FaultScript([FaultRule(faults: faults)])) { workspace, server in
            for options in [["--verbose"], ["--json"]] {
                let result = try await workspace.run(
                    ["--manifest", "test.json", "model", "--source", withSecrets(server), "--retries", "0"] + options)
                #expect([69, 76].contains(result.status), "\(result.err)")
                expectNoSecret(result, workspace)
            }
        }
    }

    @Test func `a manifest's credentials are in no copy and in no listing`() async throws {
        try await withServer { workspace, server in
            let text = workspace.model.manifest(name: "mine", sources: [withSecrets(server)])
            try workspace.write(Array(text.utf8), to: "manifests/mine.json")
            let directories = ["--manifest-dir", "manifests"]
            for arguments in [
                ["mine", "model", "--verbose"], ["list"], ["list", "--json"], ["manifest", "show", "mine"],
                ["mine", "model", "--dry-run"], ["verify", "model", "--json"],
            ] {
                let result = try await workspace.run(arguments + directories)
                #expect(result.status == 0, "\(result.err)")
                expectNoSecret(result, workspace)
            }
            expectNoSecret(try await workspace.run("manifest", "check", "manifests/mine.json"), workspace)
        }
    }

    @Test(
        arguments: [
            "http://s3cret:hunter2@", "http://s3cret:hunter2@[::1", "http://s3cret:hunter2@h:99999/",
            "s3cret:hunter2@h",
            "ftp://s3cret:hunter2@h/", "http://s3cret:hunter2@ h/", "http://h:99999/?sig=t0ken", "http://h:x/#t0ken",
            "http://s3cret:hun/ter2@h/", "s3://h/a?sig=t0ken", "t0ken",
        ])
    func `a URL that is refused is not repeated with its credentials`(url: String) async throws {
        try await withWorkspace { workspace in
            let result = try await workspace.run("--manifest", "test.json", "model", "--source", url)
            #expect(result.status == 64, "\(result.err)")
            expectNoSecret(result, workspace)
        }
    }

    @Test(
        arguments: [
            (["124M", "--header", "t0ken", "--source", "http://h/"], "--header"),
            (["124M", "--header=X: t0ken\r\nY: t0ken", "--source", "http://h/"], "--header"),
            (["124M", "--header", "Authorization:", "Bearer", "t0ken", "--source", "http://h/"], "nexpected argument"),
            (["124M", "d", "http://u:hunter2@h/?sig=t0ken"], "Unexpected"), (["124M", "--netrc=u:t0ken@h"], "--netrc"),
            (["124M", "--proxy", "http://u:hunter2@:1/", "--source", "http://h/"], "proxy"),
            (["https://u:hunter2@h/model?sig=t0ken"], "https://h/model…"),
            (["https://u:hunter2@h/model?sig=t0ken", "--json"], "https://h/model…"),
            (["s3://u:hunter2@h/model?sig=t0ken"], "s3://h/model…"),
            (["124M", "https://u:hunter2@h/?sig=t0ken", "--json"], "https://h/…"),
            (["manifest", "show", "https://u:hunter2@h/m.json?sig=t0ken"], "https://h/m.json…"),
            (["verify", ".", "--model", "https://u:hunter2@h/m.json?sig=t0ken", "--json"], "https://h/m.json…"),
        ] as [([String], String)])
    func `a usage error does not show words that may be secrets`(arguments: [String], shown: String) async throws {
        try await withWorkspace { workspace in
            let result = try await workspace.run(arguments)
            #expect([64, 66].contains(result.status), "\(result)")
            #expect(result.err.contains(shown), "\(result.err)")
            expectNoSecret(result, workspace)
        }
    }

    @Test(arguments: ["Range", "if-range", "HOST", "Content-Length", "Transfer-Encoding", "Connection", "Expect", "TE"])
    func `a reserved header field is a usage error, and its value is not shown`(name: String) async throws {
        try await withServer { workspace, server in
            for more in [[], ["--json"], ["--dry-run"]] {
                let result = try await workspace.run(
                    workspace.download(from: server, "--header", "\(name): t0ken") + more)
                #expect(result.status == 64 && result.err.contains("the header field \(name) cannot be given"))
                expectNoSecret(result, workspace)
            }
            #expect(server.log.isEmpty && workspace.listing().count == 1)
        }
    }

    @Test func `a signature in a source's query is sent and not shown`() async throws {
        try await withServer(script: [.on(path: "weights.bin", request: 0, .status(503))]) { workspace, server in
            let result = try await workspace.run(
                "--manifest", "test.json", "model", "--source", server.baseURL + "?sig=t0ken", "--verbose",
                "--retry-delay", "0")
            #expect(result.status == 0, "\(result.err)")
            #expect(server.log.allSatisfy { $0.target.hasSuffix("?sig=t0ken") })
            expectNoSecret(result, workspace)
        }
    }

    @Test func `a proxy's credentials are not shown`() async throws {
        try await withWorkspace { workspace in
            for proxy in ["http://s3cret:hunter2@127.0.0.1:1/", "nonsense://s3cret:hunter2@127.0.0.1:1/"] {
                let result = try await workspace.run(
                    "--manifest", "test.json", "model", "--source", "http://127.0.0.2/", "--proxy", proxy, "--retries",
                    "0",
                    "--verbose")
                #expect(result.status != 0)
                expectNoSecret(result, workspace)
            }
        }
    }

    @Test func `header fields go to the named source and not where it redirects to`() async throws {
        try await withWorkspace { workspace in
            try await FaultServer.run(files: workspace.model.content, address: "127.0.0.2") { other in
                try await FaultServer.run(
                    files: workspace.model.content, script: .always(.redirect(to: other.baseURL + "{target}"))
                ) {
                    server in
                    let result = try await workspace.run(
                        "--manifest", "test.json", "model", "--source", withSecrets(server), "--header", "X-Key: t0ken")
                    #expect(result.status == 0, "\(result.err)")
                    #expect(
                        server.log.allSatisfy { $0.header("X-Key") == "t0ken" && $0.header("Authorization") != nil })
                    #expect(other.log.allSatisfy { $0.header("X-Key") == nil && $0.header("Authorization") == nil })
                    expectNoSecret(result, workspace)
                }
            }
        }
    }
}
