import FaultServer
import Foundation
import Testing

/// Every exit status of the contract, each provoked for real. The statuses of signals are in SignalTests.
@Suite(.timeLimit(.minutes(10)))
struct ExitCodeTests {
    @Test func `0: every file is there and verified, and again when there is nothing to do`() async throws {
        try await withServer { workspace, server in
            let first = try await workspace.run(workspace.download(from: server))
            #expect(first.status == 0)
            #expect(first.out.isEmpty)
            #expect(first.err.contains("done: 3 of 3 files verified"))
            workspace.expectWhole()
            let sent = server.bodyBytesSent
            let second = try await workspace.run(workspace.download(from: server))
            #expect(second.status == 0)
            #expect(second.err.contains("nothing to do: 3 files verified earlier"))
            #expect(server.bodyBytesSent == sent)
        }
    }

    @Test func `64: an unknown model, with a list of the known ones`() async throws {
        try await withWorkspace { workspace in
            let result = try await workspace.run("no-such-model")
            #expect(result.status == 64)
            #expect(result.err.contains("gpt2-124M (124M, 117M)"))
            #expect(result.err.contains("hint: "))
            #expect(result.out.isEmpty)
        }
    }

    @Test func `64: a model without a source, with a hint`() async throws {
        try await withWorkspace { workspace in
            let result = try await workspace.run("tiny", "d")
            #expect(result.status == 64)
            #expect(result.err.contains("--source"))
        }
    }

    @Test func `64: the model of a directory is not recognized`() async throws {
        try await withWorkspace { workspace in
            try workspace.write([1], to: "what/ever")
            let result = try await workspace.run("verify", "what")
            #expect(result.status == 64)
            #expect(result.err.contains("--model NAME or --manifest FILE"))
        }
    }

    @Test func `65: an audit that finds damage, a missing file and a changed size`() async throws {
        try await withServer { workspace, server in
            try await workspace.run(workspace.download(from: server))
            var bytes = try #require(workspace.contents("weights.bin"))
            bytes[1000] ^= 1
            try workspace.write(bytes, to: "model/weights.bin")
            try workspace.write([1, 2], to: "model/config.json")
            try FileManager.default.removeItem(atPath: workspace.directory + "/checkpoint")
            let result = try await workspace.run("verify", workspace.directory)
            #expect(result.status == 65)
            #expect(result.out.contains("weights.bin: the digest is wrong: expected "))
            #expect(result.out.contains("config.json: the size is wrong: expected 90 bytes, found 2"))
            #expect(result.out.contains("checkpoint: missing"))
            #expect(result.out.contains("this is not test: 0 of 3 files right"))
        }
    }

    @Test func `65: the only source has other bytes`() async throws {
        try await withServer(script: [.on(path: "weights.bin", .flip(offset: 5, mask: 1))]) { workspace, server in
            let result = try await workspace.run(workspace.download(from: server, "--retry-delay", "0"))
            #expect(result.status == 65)
            #expect(!workspace.exists("weights.bin"))
            #expect(!workspace.exists("checkpoint"))
            workspace.expectNothingWrong()
        }
    }

    @Test func `65: a manifest that breaks a rule, with the place`() async throws {
        try await withWorkspace { workspace in
            try workspace.write(
                Array(#"{"format": "modelfetch-manifest/1", "name": "x", "files": 7}"#.utf8), to: "bad.json")
            let result = try await workspace.run("./bad.json")
            #expect(result.status == 65)
            #expect(result.err.contains("bad.json: $.files"))
            let checked = try await workspace.run("manifest", "check", "bad.json", "nowhere.json", "test.json")
            #expect(checked.status == 65)
            #expect(checked.err.split(separator: "\n").count { $0.hasPrefix("error: ") } == 2, "\(checked.err)")
            #expect(checked.out.hasPrefix("test: "), "\(checked.out)")
        }
    }

    @Test(
        arguments: [
            ["verify", "nowhere"], ["verify", "nowhere", "--model", "tiny"], ["--manifest", "nowhere.json"],
            ["./nowhere.json"], ["manifest", "check", "nowhere.json"], ["manifest", "show", "nowhere/m.json"],
            ["124M", "nowhere", "--verify"], ["verify", ".", "--manifest", "nowhere.json"],
        ])
    func `66: no such directory or manifest`(arguments: [String]) async throws {
        try await withWorkspace { workspace in
            let result = try await workspace.run(arguments)
            #expect(result.status == 66)
            #expect(result.err.contains("nowhere"))
            #expect(result.err.contains("no such"))
        }
    }

    @Test(
        arguments: [
            (.status(503), "HTTP 503"), (.status(404), "HTTP 404"), (.closeBeforeHead, "connection"),
            (.drop(after: 1000), "early"), (.stallBeforeHead, "stalled"),
        ] as [(Fault, String)])
    func `69: the source does not deliver, and what was received is kept`(fault: Fault, words: String) async throws {
        try await withServer(script: [.on(path: "weights.bin", fault)]) { workspace, server in
            let result = try await workspace.run(
                workspace.download(
                    from: server, "--retries", "1", "--retry-delay", "0.01", "--stall-timeout", "1"))
            #expect(result.status == 69)
            #expect(result.err.contains(words))
            #expect(result.err.contains("error: weights.bin: "))
            #expect(result.err.contains("of 300.0 kB is kept"))
            #expect(result.err.contains("hint: "))
            // The other files came all the same, but for the marker.
            #expect(workspace.exists("config.json") && !workspace.exists("checkpoint"))
            server.replace(script: .honest)
            #expect(try await workspace.run(workspace.download(from: server)).status == 0)
        }
    }

    @Test func `69: the only source refuses connections`() async throws {
        try await withWorkspace { workspace in
            // Port 1 is nobody's; one that a server has just left could be somebody's by now.
            let result = try await workspace.run(
                "--manifest", "test.json", "d", "--source", "http://127.0.0.1:1/", "--retries", "0")
            #expect(result.status == 69)
            #expect(result.err.contains("could not connect"))
        }
    }

    @Test(arguments: [[], ["--json"], ["--retries", "0"], ["--wait-for-network", "--retries", "0"]])
    func `69: no source can be reached, which is reported in a line for each host`(more: [String]) async throws {
        try await withWorkspace { workspace in
            let sources = ["--source", "http://127.0.0.1:1/", "--source", "http://models.invalid/x/"]
            let child = try workspace.start(["--manifest", "test.json", "d"] + sources + more)
            if more.contains("--wait-for-network") {
                // It would for ever.
                try await child.waitForErrors { $0.components(separatedBy: "waiting for the network").count == 3 }
                child.kill(SIGTERM)
                #expect(try await child.wait().err.contains("models.invalid"))
                return
            }
            let result = try await child.wait(within: .seconds(30))
            #expect(result.status == 69)
            let lines = result.err.split(separator: "\n").filter {
                $0.contains("127.0.0.1:1") || $0.contains("invalid")
            }
            #expect(lines.filter { $0.hasPrefix("error: ") }.count == 2, "\(result.err)")
            #expect(result.err.components(separatedBy: "--wait-for-network").count == 2, "\(result.err)")
            // Each source is said once before, if a file comes to ask it.
            #expect(result.err.split(separator: "\n").count <= 6, "\(result.err)")
            if more == ["--json"] {
                let report = try result.report()
                #expect(report.error?.int("code") == 69)
                #expect(report.files.allSatisfy { $0.string("state") == "failed" && $0.isNull("error") })
            }
        }
    }

    @Test func `73: a file where the directory should be`() async throws {
        try await withServer { workspace, server in
            try workspace.write([1], to: "model")
            for arguments in [workspace.download(from: server), ["verify", "model", "--model", "tiny"]] {
                let result = try await workspace.run(arguments)
                #expect(result.status == 73)
                #expect(result.err.contains("model"))
            }
            #expect(server.log.isEmpty)
        }
    }

    @Test func `75: another run holds the directory`() async throws {
        try await withServer(script: [.on(path: "weights.bin", .hold(at: 1000))]) { workspace, server in
            let first = try workspace.start(workspace.download(from: server))
            try await server.waitForStall(of: "weights.bin")
            let second = try await workspace.run(workspace.download(from: server, "--no-wait"))
            #expect(second.status == 75)
            #expect(second.err.contains("another modelfetch (process \(first.pid)) is working on"))
            #expect(second.err.contains("hint: leave out --no-wait"))
            server.openGates()
            #expect(try await first.wait().status == 0)
        }
    }

    @Test(
        arguments: [
            (.captivePortal(html: nil, withLength: nil, padded: nil), "web page"),
            (.contentEncoding(value: "br"), "encoded"),
            (.contentLength(value: "12"), "Content-Length says 12"), (.redirect(to: "ftp://127.0.0.1/x"), "redirect"),
            (.redirectLoop(), "redirect"), (.contentRange(total: 7), "206"),
        ] as [(Fault, String)])
    func `76: the source answers something wrong or unsafe`(fault: Fault, words: String) async throws {
        try await withServer(script: [
            .on(path: "weights.bin", request: 0, .drop(after: 150_000)),
            .on(path: "weights.bin", requests: 1...99, fault),
        ]) {
            workspace, server in
            let result = try await workspace.run(
                workspace.download(from: server, "--retries", "1", "--retry-delay", "0.01"))
            #expect(result.status == 76)
            #expect(result.err.contains(words), "\(result.err)")
            #expect(result.err.contains("150.0 kB of 300.0 kB is kept"), "\(result.err)")
            workspace.expectNothingWrong()
        }
    }
}
