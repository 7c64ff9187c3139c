import FaultServer
import Foundation
import Hashing
import Testing

/// What the options do, and what is refused.
@Suite(.timeLimit(.minutes(10)))
struct OptionTests {
    @Test(
        arguments: [
            ([], "Which model"), (["124M", "--retries", "-1"], "--retries"), (["124M", "--retries", "x"], "retries"),
            (["124M", "--header", "A: b"], "--source"),
            (["124M", "--header", "no colon", "--source", "http://h/"], "header"),
            (["124M", "--header", "A: b\r\nC: d", "--source", "http://h/"], "header"),
            (["124M", "--limit-rate", "0"], "limit-rate"), (["124M", "--limit-rate", "5ß"], "limit-rate"),
            (["124M", "--limit-rate", "fast"], "limit-rate"), (["124M", "--stall-timeout", "0"], "--stall-timeout"),
            (["124M", "--connect-timeout", "nan"], "--connect-timeout"),
            (["124M", "--retry-delay", "-1"], "--retry-delay"),
            (["124M", "--retry-delay", "1e9"], "--retry-delay"), (["124M", "--progress", "rainbow"], "plain"),
            (["124M", "d", "--manifest", "m.json", "e"], "e"), (["--manifest", "m.json", "124M", "d"], "--manifest"),
            (["124M", "--quiet", "--verbose"], "--quiet or --verbose"),
            (["124M", "--retries", "-1"], "--retries must be 0 or more, not -1"),
            (["124M", "--limit-rate", "5MX"], "'5MX'"),
            (["124M", "--connections", "0"], "--connections must be from 1 to 16, not 0"),
            (["124M", "--connections", "17"], "--connections must be from 1 to 16, not 17"),
            (["verify", "d", "--model", "tiny", "--manifest", "m.json"], "--model or --manifest"),
            (["124M", "--no-such-option"], "--no-such-option"), (["manifest", "show"], "model"),
            (["124M", "--source", "nonsense", "--dry-run"], "source"),
            (["124M", "--source", "", "--dry-run"], "source"),
            (["124M", "--source", "http://h/", "--proxy", "http://"], "the proxy's address has no host"),
            (["124M", "--source", "http://h/", "--proxy", "h:0", "--dry-run"], "port"),
        ] as [([String], String)])
    func `bad arguments end with 64 and are named`(arguments: [String], words: String) async throws {
        try await withWorkspace { workspace in
            let result = try await workspace.run(arguments)
            #expect(result.status == 64, "\(result.err)")
            #expect(result.err.contains(words), "\(result.err)")
            #expect(result.out.isEmpty)
            #expect(workspace.listing().count == 1)
        }
    }

    @Test func `--version names the libraries, --help has examples, completions are made`() async throws {
        try await withWorkspace { workspace in
            let version = try await workspace.run("--version")
            #expect(version.status == 0)
            #expect(
                version.out.contains("modelfetch 0.") && version.out.contains("libcurl")
                    && version.out.contains("OpenSSL"))
            let help = try await workspace.run("--help")
            #expect(help.status == 0)
            #expect(
                help.out.contains("EXAMPLES") && help.out.contains("modelfetch 124M")
                    && help.out.contains("EXIT STATUS"))
            let download = try await workspace.run("download", "--help")
            #expect(download.out.contains("--limit-rate") && download.out.contains("--only"))
            for shell in ["bash", "zsh", "fish"] {
                let completions = try await workspace.run("--generate-completion-script", shell)
                #expect(completions.status == 0)
                #expect(completions.out.contains("---words"))
            }
            #expect([version, help, download].allSatisfy { $0.err.isEmpty })
        }
    }

    @Test func `--quiet prints nothing unless something fails`() async throws {
        try await withServer { workspace, server in
            let result = try await workspace.run(workspace.download(from: server, "--quiet"))
            #expect(result.status == 0 && result.out.isEmpty && result.err.isEmpty)
            try workspace.write([1], to: "model/config.json")
            let damaged = try await workspace.run("verify", "--quiet", workspace.directory)
            #expect(damaged.status == 65 && damaged.out.isEmpty)
            #expect(damaged.err.contains("error: config.json: the size is wrong"))
        }
    }

    @Test func `--progress none prints only the summary, and --verbose prints more`() async throws {
        try await withServer { workspace, server in
            let none = try await workspace.run(workspace.download(from: server, "--progress", "none"))
            #expect(none.err.split(separator: "\n").count == 1)
            let verbose = try await workspace.run(workspace.download(from: server, "--recheck", "--verbose"))
            #expect(verbose.status == 0)
            #expect(verbose.err.contains("hashing"))
        }
    }

    @Test func `--only downloads the files that match, and holds the marker back until all files are there`()
        async throws
    {
        try await withServer { workspace, server in
            let part = try await workspace.run(
                workspace.download(from: server, "--json", "--only", "*.json", "--only", "check*")
            ).report()
            #expect(part.int("exit_code") == 0)
            #expect(part.states == ["config.json": "downloaded", "checkpoint": "held"])
            #expect(!workspace.exists("checkpoint") && workspace.exists("checkpoint.partial"))
            let rest = try await workspace.run(workspace.download(from: server, "--json", "--only", "weights.bin"))
                .report()
            #expect(rest.states == ["weights.bin": "downloaded"])
            workspace.expectWhole()
            let none = try await workspace.run(workspace.download(from: server, "--only", "*.none"))
            #expect(none.status == 64)
            #expect(none.err.contains("weights.bin, config.json, checkpoint"))
        }
    }

    @Test func `a manifest is named by path, by option, by directory or by the environment`() async throws {
        try await withServer { workspace, server in
            let text = workspace.model.manifest(name: "mine", sources: [server.baseURL], aliases: ["my-own"])
            try workspace.write(Array(text.utf8), to: "manifests/mine.json")
            for (arguments, environment, directory) in [
                (["manifests/mine.json"], [:], "models/mine"),
                (["--manifest", "manifests/mine.json"], [:], "models/mine"),
                (["mine", "--manifest-dir", "manifests"], [:], "models/mine"),
                (["my-own", "elsewhere"], ["MODELFETCH_MANIFESTS": "/nonexistent-directory:manifests"], "elsewhere"),
                (["--manifest", "manifests/mine.json", "third/one"], [:], "third/one"),
            ] as [([String], [String: String], String)] {
                let report = try await workspace.run(arguments + ["--json"], environment: environment).report()
                #expect(report.int("exit_code") == 0)
                #expect(report.string("directory") == directory)
                #expect(FileManager.default.fileExists(atPath: workspace.path + "/\(directory)/checkpoint"))
                try FileManager.default.removeItem(atPath: workspace.path + "/" + directory)
            }
        }
    }

    @Test func `a source needs no slash at its end, and may have a path`() async throws {
        try await withWorkspace { workspace in
            try await FaultServer.run(files: workspace.model.content(below: "some dir/")) { server in
                let result = try await workspace.run(
                    "--manifest", workspace.manifest, workspace.directory, "--source", server.baseURL + "some%20dir")
                #expect(result.status == 0, "\(result.err)")
                workspace.expectWhole()
            }
        }
    }

    @Test func `the second source stands in for the first`() async throws {
        try await withServer(script: .always(.status(404))) { workspace, broken in
            try await FaultServer.run(files: workspace.model.content) { server in
                let result = try await workspace.run(workspace.download(from: broken, "--source", server.baseURL))
                #expect(result.status == 0, "\(result.err)")
                #expect(result.err.contains("HTTP 404"))
            }
        }
    }

    @Test func `list shows the known models and what is here`() async throws {
        try await withServer { workspace, server in
            let text = workspace.model.manifest(name: "mine", sources: [server.baseURL])
            try workspace.write(Array(text.utf8), to: "manifests/mine.json")
            try await workspace.run("mine", "--manifest-dir", "manifests")
            let list = try await workspace.run("list", "--manifest-dir", "manifests")
            #expect(list.status == 0 && list.err.isEmpty)
            #expect(list.lines.first?.hasPrefix("MODEL") == true)
            #expect(list.lines.contains { $0.hasPrefix("gpt2-1558M") && $0.contains("1558M") && $0.hasSuffix("-") })
            #expect(list.lines.contains { $0.hasPrefix("mine") && $0.hasSuffix("models/mine: complete") })
            let events = try await workspace.run("list", "--json", "--manifest-dir", "manifests").events()
            let mine = try #require(events.first { $0.string("name") == "mine" })
            #expect(
                mine.event == "model" && mine.int("verified_files") == 3 && mine.int("bytes") == workspace.model.bytes)
        }
    }

    @Test(arguments: ["124M", "345M", "gpt2-774M", "1558M", "tiny"])
    func `a manifest that is shown passes its check`(model: String) async throws {
        try await withWorkspace { workspace in
            let shown = try await workspace.run("manifest", "show", model)
            #expect(shown.status == 0 && shown.err.isEmpty)
            try workspace.write(Array(shown.out.utf8), to: "shown.json")
            let checked = try await workspace.run("manifest", "check", "shown.json", workspace.manifest)
            #expect(checked.status == 0 && checked.err.isEmpty)
            #expect(checked.lines.count == 2)
            #expect(try await workspace.run("manifest", "show", "./shown.json").out == shown.out)
        }
    }

    @Test func `--dry-run says what would be done to each file and changes nothing`() async throws {
        try await withServer { workspace, server in
            try workspace.write([1], to: "model/config.json")
            try workspace.write(workspace.model.files[2].file.served.read(0..<77), to: "model/checkpoint")
            try workspace.write([1, 2, 3], to: "model/weights.bin.partial")
            let before = workspace.listing()
            let result = try await workspace.run(workspace.download(from: server, "--dry-run"))
            #expect(result.status == 0)
            #expect(result.lines.count == 4)
            #expect(
                result.lines[0].hasPrefix(
                    "weights.bin: would be resumed at 3 B, 300.0 kB from \(server.baseURL)weights.bin"))
            #expect(
                result.lines[1].hasPrefix("config.json: a different file (1 B) already exists; it would be replaced"))
            #expect(result.lines[2].hasPrefix("checkpoint: already here, would be hashed"))
            #expect(result.lines[3].contains("to fetch; ") && result.lines[3].hasSuffix(" free: enough"))
            #expect(workspace.listing() == before && server.log.isEmpty)
        }
    }

    @Test func `--verify audits the default directory, and verify recognizes the model`() async throws {
        try await withServer { workspace, server in
            let text = workspace.model.manifest(name: "mine", sources: [server.baseURL])
            try workspace.write(Array(text.utf8), to: "manifests/mine.json")
            try await workspace.run("manifests/mine.json")
            let requests = server.log.count
            let before = workspace.listing()
            let verified = try await workspace.run("manifests/mine.json", "--verify")
            #expect(verified.status == 0)
            #expect(verified.out.contains("models/mine: mine is complete: 3 of 3 files right"))
            for extra in [[], ["--manifest-dir", "manifests"]] {
                #expect(try await workspace.run(["verify", "models/mine/"] + extra).status == 0)
            }
            #expect(server.log.count == requests && workspace.listing() == before)
        }
    }

    @Test func `--limit-rate holds the rate down`() async throws {
        let model = TestModel(["a.bin": 200_000, "b.bin": 200_000])
        try await withServer(model) { workspace, server in
            let report = try await workspace.run(workspace.download(from: server, "--limit-rate", "200K", "--json"))
                .report()
            // A bucket may be full at the start: what it holds comes at once.
            #expect(try #require(report.object["seconds"] as? Double) > 0.9)
            #expect(report.int("exit_code") == 0)
        }
    }

    @Test func `--require-sha256 refuses a manifest without one`() async throws {
        try await withServer { workspace, server in
            let text = workspace.model.manifest().replacingOccurrences(
                of: workspace.model.files[1].file.sha256.hex + "\"", with: "\", \"unpinned\": \"nobody knows\""
            ).replacingOccurrences(of: #""sha256": "","#, with: #""sha256": null,"#)
            try workspace.write(Array(text.utf8), to: "test.json")
            let result = try await workspace.run(workspace.download(from: server, "--require-sha256"))
            #expect(result.status == 65)
            #expect(result.err.contains("config.json") && result.err.contains("nobody knows"))
            let report = try await workspace.run(workspace.download(from: server, "--json")).report()
            let file = try #require(report.files.first { $0.string("path") == "config.json" })
            #expect(file.bool("pinned") == false && file.object["evidence"] as? [String] == ["size"])
        }
    }

    @Test(arguments: ["--cacert", "SSL_CERT_FILE"], [false, true])
    func `a certificate file that is a FIFO is refused at once`(way: String, isLink: Bool) async throws {
        try await withServer { workspace, server in
            #expect(mkfifo(workspace.path + "/ca.pem", 0o600) == 0)
            if isLink { #expect(symlink("ca.pem", workspace.path + "/link.pem") == 0) }
            let file = isLink ? "link.pem" : "ca.pem"
            let result = try await workspace.run(
                workspace.download(from: server) + (way == "--cacert" ? [way, file] : []),
                environment: way == "--cacert" ? [:] : [way: file])
            #expect(result.status == 66)
            #expect(result.err.contains("\(file) is not a regular file"), "\(result.err)")
            #expect(server.log.isEmpty)
        }
    }

    @Test func `a missing certificate file is reported at once`() async throws {
        try await withServer { workspace, server in
            let result = try await workspace.run(workspace.download(from: server, "--cacert", "nowhere.pem"))
            #expect(result.status == 66)
            #expect(result.err.contains("nowhere.pem"))
            #expect(server.log.isEmpty)
        }
    }
}
