import FaultServer
import Foundation
import Testing

/// Text from outside that would act on a terminal: a title set, the screen cleared, a line forged, a name turned around. Nothing
/// of it comes out raw, whether read by a person or by a program.
@Suite(.timeLimit(.minutes(10)))
struct TerminalTests {
    /// OSC, CSI of seven and of eight bits, DEL, backspace, bidirectional override, line separator.
    private static let evil = "\u{1B}]0;owned\u{7}\u{1B}[2J\u{9B}31m\u{7F}\u{8}\u{202E}\u{2066}\u{2028}x"
    /// What a line of its own would look like.
    private static let forged = "\r\nerror: forged"

    /// Everything that is ever said.
    private static let outputs = [["--verbose"], ["--json", "--verbose"]]

    private func expectHarmless(_ result: Child.Result, _ location: SourceLocation = #_sourceLocation) {
        for text in [result.out, result.err] {
            let bad = text.unicodeScalars.filter { scalar in
                switch scalar.value {
                case 0x0A: false
                case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
                default: false
                }
            }
            #expect(bad.isEmpty, "\(bad.map { String($0.value, radix: 16) }) in \(text)", sourceLocation: location)
            #expect(!text.contains("\nerror: forged") && !text.hasPrefix("error: forged"), sourceLocation: location)
        }
    }

    private static let answers: [[Fault]] = [
        [.etag(value: "\"\(evil)\"")], [.contentEncoding(value: evil)], [.contentRangeRaw(value: "bytes \(evil)")],
        [.contentLength(value: evil)], [.header("Content-Type", evil), .closeDelimited],
        [
            .removeHeader(name: "Content-Type"), .header("Content-Type", "text/html; \(evil)"),
            .contentLength(value: "7"),
        ],
        [.header("X-Evil", evil + forged)], [.header("Transfer-Encoding", evil)], [.header("Retry-After", evil)],
        [.status(503, retryAfter: .raw(evil), body: evil)], [.status(404, body: evil)],
        [.captivePortal(html: evil + forged, withLength: nil, padded: nil)],
        [.redirectRaw(location: Array("http://127.0.0.1:1/\(evil)".utf8))],
        [.redirectRaw(location: [0x68, 0x74, 0x74, 0x70, 0x3A, 0x2F, 0x2F, 0x9B, 0x32, 0x4A, 0xFF])],
        [.redirect(to: "http://127.0.0.1:1/%1B%5B2J%C2%9B\u{E9}")], [.redirect(to: "\(evil)://x/")],
        [.redirect(to: "http://ev\u{202E}il/")], [.redirect(to: "ftp://127.0.0.1/\(forged)")],
        [.raw(bytes: Array("HTTP/1.1 404 \(evil)\r\nContent-Length: 0\r\n\r\n".utf8))],
        [.raw(bytes: Array("HTTP/1.1 \(evil)\r\n\r\n".utf8))], [.raw(bytes: Array((evil + forged).utf8))],
        [.raw(bytes: Array("HTTP/1.1 200 OK\r\n\(evil): x\r\n\r\n".utf8))],
    ]

    @Test(arguments: answers)
    func `of a server is shown escaped`(faults: [Fault]) async throws {
        let script: FaultScript = [
            .on(path: "weights.bin", request: 0, .drop(after: 100_000)),
            FaultRule(path: "weights.bin", requests: 1...99, faults: faults),
        ]
        for output in Self.outputs {
            try await withServer(script: script) { workspace, server in
                let arguments = workspace.download(
                    from: server, "--retries", "1", "--retry-delay", "0", "--stall-timeout", "1")
                expectHarmless(try await workspace.run(arguments + output))
                workspace.expectNothingWrong()
            }
        }
    }

    @Test func `of file names that an audit comes across is shown escaped`() async throws {
        try await withServer { workspace, server in
            #expect(try await workspace.run(workspace.download(from: server)).status == 0)
            for name in [Self.evil, "a" + Self.forged, "\u{9B}2J/\u{1B}c"] {
                try workspace.write([1], to: "model/" + name)
            }
            for output in [[], ["--json"]] {
                let result = try await workspace.run(["verify", "model"] + output)
                #expect(result.status == 0, "\(result.err)")
                expectHarmless(result)
                if output.isEmpty {
                    #expect(result.out.contains(#"a\u{D}\u{A}error: forged: extra"#), "\(result.err)")
                    #expect(result.out.contains(#"\u{9B}2J/\u{1B}c: extra"#), "\(result.err)")
                }
                // Escaped, and yet the very name for whoever reads the JSON.
                if output == ["--json"] { #expect(try result.report().states["a" + Self.forged] == "extra") }
            }
        }
    }

    @Test func `of a directory's name is shown escaped`() async throws {
        try await withServer { workspace, server in
            let name = "d" + Self.evil + Self.forged
            for output in Self.outputs {
                for arguments in [
                    ["--manifest", "test.json", name, "--source", server.baseURL, "--dry-run"],
                    ["--manifest", "test.json", name, "--source", server.baseURL], ["verify", name],
                    ["verify", name, "--model", "tiny"], ["verify", name + "/nowhere"], [name],
                    ["tiny", name, "--source", server.baseURL],
                ] { expectHarmless(try await workspace.run(arguments + output)) }
                try workspace.write([1], to: name + "/weights.bin")
                expectHarmless(try await workspace.run(["verify", name] + output))
                try FileManager.default.removeItem(atPath: workspace.path + "/" + name)
            }
        }
    }

    /// What stands in the place of a value of the manifest, as JSON writes it and as it comes raw.
    @Test(arguments: ["name", "alias", "description", "path", "note", "unpinned", "url", "key", "raw"])
    func `of a manifest is shown escaped`(place: String) async throws {
        try await withWorkspace { workspace in
            let raw = Self.evil + Self.forged
            let encoded = try #require(String(data: JSONEncoder().encode([raw]), encoding: .utf8)).dropFirst()
                .dropLast()
            func text(_ key: String, _ otherwise: String) -> String {
                place == key ? String(encoded) : "\"\(otherwise)\""
            }
            let manifest = """
                {"format": "modelfetch-manifest/1", "name": \(text("name", "evil")), "aliases": [\(text("alias", "bad"))],
                "description": \(place == "raw" ? "\"\(raw)\"" : text("description", "none")), \(text("key", "future")): 1,
                "sources": [{"url": \(text("url", "http://127.0.0.1:1/")), "note": \(text("note", "none"))}],
                "files": [{"path": \(text("path", "a.bin")), "size": 1, "sha256": null,
                "unpinned": \(text("unpinned", "none")), "variants": [
                {"size": 2, "sha256": "\(String(repeating: "0", count: 64))", "note": \(text("note", "n"))}]}]}
                """
            try workspace.write(Array(manifest.utf8), to: "manifests/evil.json")
            for arguments in [
                ["manifest", "check", "manifests/evil.json"], ["manifest", "show", "manifests/evil.json"],
                ["./manifests/evil.json", "d", "--retries", "0"], ["list", "--manifest-dir", "manifests"],
                ["list", "--manifest-dir", "manifests", "--json"],
                ["evil", "d", "--manifest-dir", "manifests", "--json", "--retries", "0"],
                ["evil", "d", "--manifest-dir", "manifests", "--dry-run"],
                ["verify", "manifests", "--manifest", "manifests/evil.json"],
            ] {
                let result = try await workspace.run(arguments)
                expectHarmless(result)
                if place != "key", arguments.first == "manifest" { #expect(result.status == 65, "\(result.err)") }
            }
        }
    }

    @Test func `of records that somebody left in the directory is shown escaped`() async throws {
        try await withWorkspace { workspace in
            let raw = Self.evil + Self.forged
            let encoded = try #require(String(data: JSONEncoder().encode([raw]), encoding: .utf8)).dropFirst()
                .dropLast()
            let receipts =
                #"{"format": "modelfetch-receipts/1", "model": \#(encoded), "files": {\#(encoded): {"sha256": 1}}}"#
            let sound = #"{"format": "modelfetch-receipts/1", "model": \#(encoded), "files": {}}"#
            for text in [receipts, sound] {
                try workspace.write(Array(text.utf8), to: "models/124M/.modelfetch/receipts.json")
                try workspace.write(Array(text.utf8), to: "models/124M/.modelfetch/manifest.json")
                for arguments in [
                    ["list"], ["list", "--json"], ["verify", "models/124M"], ["verify", "models/124M", "--json"],
                    ["124M", "--dry-run"], ["124M", "--source", "http://127.0.0.1:1/", "--retries", "0"],
                ] { expectHarmless(try await workspace.run(arguments)) }
            }
        }
    }
}
