import FaultServer
import Foundation
import Testing

/// Servers that send a download elsewhere, or name its files, or set cookies: what belongs to one origin stays there.
@Suite(.timeLimit(.minutes(10)))
struct LeakTests {
    private static let secrets = ["hunter2", "s3cret", "t0ken", "czNjcmV0"]

    /// Another host, and another port of the same one.
    @Test(arguments: ["127.0.0.2", "127.0.0.1"], ["userinfo", "netrc", "header"])
    func `credentials stay with the origin that they were given for`(address: String, kind: String) async throws {
        try await withWorkspace { workspace in
            // The file has a password for where the redirect leads, too, which nobody has asked to be used there.
            let netrc = """
                machine 127.0.0.1 login s3cret password hunter2
                machine 127.0.0.2 login s3cret password hunter2
                default login s3cret password hunter2
                """
            try workspace.write(Array(netrc.utf8), to: ".netrc")
            let cookies: Fault = .header("Set-Cookie", "session=t0ken; Path=/; Domain=127.0.0.1")
            try await FaultServer.run(files: workspace.model.content, script: .always(cookies), address: address) {
                other in
                let script = FaultScript([
                    .on(cookies, .redirect(to: other.baseURL + "{target}?signature=t0ken")),
                    .on(path: "weights.bin", request: 0, .status(503)),
                ])
                try await FaultServer.run(files: workspace.model.content, script: script) { server in
                    let userinfo = kind == "userinfo" ? "s3cret:hunter2@" : ""
                    let options = ["netrc": ["--netrc"], "header": ["--header", "Cookie: t0ken"]][kind] ?? []
                    let result = try await workspace.run(
                        ["--manifest", "test.json", "model", "--source", "http://\(userinfo)127.0.0.1:\(server.port)/"]
                            + options + ["--verbose", "--retry-delay", "0"])
                    #expect(result.status == 0, "\(result.err)")
                    workspace.expectWhole()
                    let sent = kind == "header" ? "Cookie" : "Authorization"
                    #expect(server.log.count > 3 && server.log.allSatisfy { $0.header(sent) != nil })
                    #expect(other.log.count >= 3)
                    for request in other.log {
                        let names = Set(request.headers.map { $0.name.lowercased() })
                        #expect(names.isDisjoint(with: ["authorization", "cookie", "referer", "proxy-authorization"]))
                    }
                    // What a server sets is never sent back.
                    if kind != "header" { #expect(server.log.allSatisfy { $0.header("Cookie") == nil }) }
                    for secret in Self.secrets {
                        #expect(!result.out.contains(secret) && !result.err.contains(secret), "\(result.err)")
                    }
                }
            }
        }
    }

    @Test func `netrc is not read unless it is asked for`() async throws {
        try await withServer { workspace, server in
            try workspace.write(Array("default login s3cret password hunter2\n".utf8), to: ".netrc")
            #expect(try await workspace.run(workspace.download(from: server)).status == 0)
            #expect(server.log.allSatisfy { $0.header("Authorization") == nil })
        }
    }

    @Test(arguments: [
        "file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1:1/_x", "dict://127.0.0.1/d", "scp://127.0.0.1/x",
        "data:text/plain,x", "javascript:x", "FILE:/etc/passwd", "unix:/run/x",
    ])
    func `a redirect to anything but http and https is refused, and not tried again`(target: String) async throws {
        let script: FaultScript = [.on(path: "weights.bin", .redirect(to: target))]
        try await withServer(script: script) { workspace, server in
            let result = try await workspace.run(workspace.download(from: server))
            #expect(result.status == 76, "\(result.err)")
            #expect(result.err.contains("the redirect was not followed"), "\(result.err)")
            #expect(server.log.count { $0.path == "weights.bin" } == 1)
            #expect(!workspace.exists("weights.bin"))
        }
    }

    @Test func `names come from the manifest alone`() async throws {
        let faults: [Fault] = [
            .header("Content-Disposition", "attachment; filename=\"../../evil\""),
            .header("Content-Location", "/evil"), .header("Link", "</evil>; rel=\"describedby\""),
            .header("Refresh", "0; url=http://127.0.0.1:1/evil"), .header("Alt-Svc", "h2=\"127.0.0.2:1\"; persist=1"),
            .header("Strict-Transport-Security", "max-age=99999999; includeSubDomains"),
        ]
        let script = FaultScript([
            .on(path: "config.json", .redirect(to: "/evil/../../evil.sh?x=/../y")), FaultRule(faults: faults),
        ])
        try await withWorkspace { workspace in
            var content = workspace.model.content
            let config = try #require(workspace.model.files.first { $0.name == "config.json" })
            content.files["evil.sh"] = config.file.served
            try await FaultServer.run(files: content, script: script) { server in
                let result = try await workspace.run(workspace.download(from: server))
                #expect(result.status == 0, "\(result.err)")
                workspace.expectWhole()
                let names = workspace.listing().map { String($0.prefix { $0 != " " }) }.sorted()
                #expect(
                    names == [
                        "model", "model/.modelfetch", "model/.modelfetch/lock", "model/.modelfetch/manifest.json",
                        "model/.modelfetch/receipts.json", "model/checkpoint", "model/config.json", "model/weights.bin",
                        "test.json",
                    ])
            }
        }
    }
}
