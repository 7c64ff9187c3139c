import FaultServer
import Foundation
import Hashing
import Testing

/// `--json`: one object a line, each with an event, the report last, with the documented fields, whatever happens.
@Suite(.timeLimit(.minutes(10)))
struct ReportTests {
    @Test func `a download reports every file, and stderr stays silent`() async throws {
        try await withServer { workspace, server in
            let result = try await workspace.run(workspace.download(from: server, "--json"))
            let report = try result.report()
            #expect(result.status == 0 && result.err.isEmpty)
            #expect(report.string("model") == "test" && report.string("directory") == workspace.directory)
            #expect(report.string("manifest_source") == workspace.manifest)
            #expect(report.isNull("error") && report.int("retries") == 0)
            #expect(report.int("bytes_downloaded") == workspace.model.bytes && report.int("bytes_reused") == 0)
            #expect(Set(report.states.values) == ["downloaded"])
            #expect(report.files.map { $0.string("path") } == ["weights.bin", "config.json", "checkpoint"])
            #expect(report.files.map { $0.string("sha256") } == workspace.model.files.map { $0.file.sha256.hex })
            #expect(report.files.allSatisfy { $0.bool("pinned") == true && $0.isNull("error") })

            let kinds = try result.events().compactMap(\.event)
            #expect(kinds.first == "started")
            #expect(kinds.count { $0 == "file" } == 3)

            let again = try await workspace.run(workspace.download(from: server, "--json")).report()
            #expect(Set(again.states.values) == ["skipped"] && again.int("bytes_downloaded") == 0)
        }
    }

    @Test func `bytes of an earlier run are resumed, wrong files repaired, and the sums say so`() async throws {
        let stalling: FaultScript = [.on(path: "weights.bin", .drop(after: 100_000))]
        try await withServer(script: stalling) { workspace, server in
            let failed = try await workspace.run(workspace.download(from: server, "--json", "--retries", "0")).report()
            #expect(failed.int("exit_code") == 69)
            #expect(failed.states == ["weights.bin": "failed", "config.json": "downloaded", "checkpoint": "held"])
            let error = try #require(failed.files.first?.error)
            #expect(error.int("code") == 69 && error.string("source") == server.baseURL)
            // Every attempt brings 100 000 bytes, and so each counts as progress: only the reply with the rest is whole.
            let offset = try #require(error.int("offset"))
            #expect(offset == 100_000 || offset == 200_000)
            server.replace(script: .honest)
            try workspace.write([0], to: "model/config.json")
            let result = try await workspace.run(workspace.download(from: server, "--json"))
            let report = try result.report()
            #expect(report.states == ["weights.bin": "resumed", "config.json": "repaired", "checkpoint": "resumed"])
            #expect(report.files.first?.int("bytes_reused") == offset)
            #expect(report.files.first?.int("bytes_downloaded") == 300_000 - offset)
        }
    }

    @Test func `a retry and its reason are events`() async throws {
        try await withServer(script: [.on(path: "weights.bin", request: 0, .status(503))]) { workspace, server in
            // While other connections work, a 503 may only say that there are too many of them.
            let arguments = workspace.download(from: server, "--json", "--retry-delay", "0.01", "--connections", "1")
            let result = try await workspace.run(arguments)
            let report = try result.report()
            #expect(report.int("retries") == 1 && report.int("exit_code") == 0)
            let retry = try #require(try result.events().first { $0.event == "retry" })
            #expect(retry.string("path") == "weights.bin" && retry.int("attempt") == 1)
            #expect(retry.error?.string("message")?.contains("HTTP 503") == true)
            retry.error?.expectErrorFields()
        }
    }

    @Test(
        arguments: [
            (["nobody-knows-it"], 64), (["tiny"], 64), (["./nowhere.json", "d"], 66),
            (["--manifest", "bad.json", "d"], 65),
            (["verify", "nowhere"], 66), (["verify", "."], 64), (["verify", "nowhere", "--model", "tiny"], 66),
            (["verify", ".", "--model", "nobody-knows-it"], 64), (["124M", "nowhere", "--verify"], 66),
            (["--manifest", "test.json", "test.json", "--source", "http://127.0.0.1:1/"], 73),
            (["--manifest", "test.json", "d", "--only", "*.none", "--source", "http://127.0.0.1:1/"], 64),
            (["--manifest", "test.json", "d", "--source", "gopher://127.0.0.1:1/"], 64),
            (["--manifest", "test.json", "d", "--source", "http://127.0.0.1:1/", "--retries", "0"], 69),
            (["--manifest", "test.json", "d", "--dry-run", "--source", "http://127.0.0.1:1/"], 0), (["list"], 0),
            (["list", "--manifest-dir", "nowhere"], 66),
        ] as [([String], Int32)])
    func `with --json every run with valid arguments ends in a report`(arguments: [String], status: Int32) async throws
    {
        try await withWorkspace { workspace in
            try workspace.write(Array("{}".utf8), to: "bad.json")
            let result = try await workspace.run(arguments + ["--json"])
            #expect(result.status == status)
            let report = try result.report()
            if status == 0 {
                #expect(report.isNull("error"))
            } else {
                #expect(!result.err.isEmpty)
                let error = try #require(report.error ?? report.files.first?.error)
                #expect(error.int("code") == Int64(status))
                #expect(error.string("message")?.isEmpty == false)
            }
        }
    }

    @Test func `a locked directory ends in a report`() async throws {
        try await withServer(script: [.on(path: "weights.bin", .hold(at: 1000))]) { workspace, server in
            let first = try workspace.start(workspace.download(from: server))
            try await server.waitForStall(of: "weights.bin")
            let report = try await workspace.run(workspace.download(from: server, "--no-wait", "--json")).report()
            #expect(report.error?.int("code") == 75)
            first.kill(SIGKILL)
            try await first.wait()
        }
    }

    @Test func `several directories give one report each, then a summary`() async throws {
        try await withServer { workspace, server in
            try await workspace.run(workspace.download(from: server))
            try workspace.write([1], to: "other/config.json")
            let result = try await workspace.run(
                "verify", "--json", "--manifest", workspace.manifest, workspace.directory, "nowhere", "other")
            #expect(result.status == 65)
            let events = try result.events()
            #expect(events.map(\.event) == ["report", "report", "report", "summary"])
            for report in events.dropLast() { report.expectReportFields() }
            let codes = events.dropLast().map { ($0.string("directory") ?? "?", $0.int("exit_code") ?? -1) }
            #expect(Dictionary(codes) { $1 } == [workspace.directory: 0, "nowhere": 66, "other": 65])
            let summary = try #require(events.last)
            #expect(summary.keys == ["event", "ok", "exit_code", "directories", "ok_directories"])
            #expect(summary.int("exit_code") == 65 && summary.int("directories") == 3)
            #expect(summary.int("ok_directories") == 1 && summary.bool("ok") == false)
        }
    }

    @Test func `an audit reports ok, damaged, missing and extra files`() async throws {
        let model = TestModel(["a.bin": 2000, "b.bin": 3000, "c.bin": 10, "d.bin": 20])
        try await withServer(model) { workspace, server in
            try await workspace.run(workspace.download(from: server))
            try workspace.write([9], to: "model/b.bin")
            try workspace.write([9, 9], to: "model/mine.txt")
            try FileManager.default.removeItem(atPath: workspace.directory + "/c.bin")
            let report = try await workspace.run("verify", workspace.directory, "--json").report()
            #expect(
                report.states == [
                    "a.bin": "ok", "b.bin": "damaged", "c.bin": "missing", "d.bin": "ok", "mine.txt": "extra",
                ])
            let damaged = try #require(report.files.first { $0.string("path") == "b.bin" })
            #expect(damaged.int("actual_size") == 1 && damaged.int("size") == 3000)
            #expect(report.int("exit_code") == 65)
            // The directory's own copy of the manifest is all that told what it is.
            #expect(report.string("manifest_source")?.contains("receipts") == true)
        }
    }

    @Test func `a dry run reports bytes needed and free, and changes nothing`() async throws {
        try await withServer { workspace, server in
            let before = workspace.listing()
            let result = try await workspace.run(workspace.download(from: server, "--dry-run", "--json"))
            let report = try result.report()
            #expect(report.bool("dry_run") == true && report.int("bytes_needed") == workspace.model.bytes)
            let planned = try result.events().dropLast()
            #expect(planned.allSatisfy { $0.event == "planned" })
            #expect(
                planned.first?.keys == [
                    "event", "path", "action", "size", "bytes", "bytes_held", "actual_size", "compared_first", "kept",
                    "urls",
                ])
            #expect(planned.first?.object["urls"] as? [String] == [server.baseURL + "weights.bin"])
            #expect(workspace.listing() == before)
            #expect(server.log.isEmpty)
        }
    }
}
