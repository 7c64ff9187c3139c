import FaultServer
import Foundation
import Testing

/// A server that nobody wrote for these tests: nginx, which stops, starts again, and has its files replaced.
@Suite(
    .timeLimit(.minutes(10)),
    .enabled(if: Program.has("nginx"), "nginx is not installed"))
struct NginxTests {
    private static let model = TestModel(
        ["weights.bin": 3_000_000, "sub/vocab.bpe": 90, "checkpoint": 77], marker: "checkpoint")

    private func withModel(_ body: (Workspace) async throws -> Void) async throws {
        try await withWorkspace(Self.model) { workspace in
            try workspace.writeModel(to: "www")
            try await body(workspace)
        }
    }

    @Test func `a download and its resumption after a kill`() async throws {
        try await withModel { workspace in
            try await Nginx.run(in: workspace.path, pace: .trickle) { nginx in
                let arguments = [
                    "--manifest", "test.json", "model", "--source", "http://127.0.0.1:\(nginx.ports[0])/", "--json",
                ]
                let child = try workspace.start(arguments)
                // More than a journal without extents would have.
                try await poll("a part of the file that the journal knows of") {
                    (workspace.contents(".modelfetch/weights.bin.journal")?.count ?? 0) > 250
                }
                child.kill(SIGKILL)
                try await child.wait()
                workspace.expectNothingWrong()
                try await nginx.restart(.free, in: workspace)
                let report = try await workspace.run(arguments).report()
                #expect(report.int("exit_code") == 0 && report.states["weights.bin"] == "resumed")
                let file = try #require(report.files.first)
                #expect(file.int("bytes_downloaded")! + file.int("bytes_reused")! == 3_000_000)
                #expect(file.int("bytes_reused")! > 0)
                workspace.expectWhole()
            }
        }
    }

    private func arguments(_ nginx: Daemon, _ more: String...) -> [String] {
        ["--manifest", "test.json", "model", "--source", "http://127.0.0.1:\(nginx.ports[0])/"] + more
    }

    @Test func `a server that stops and starts again is waited for, and every byte comes once`() async throws {
        try await withModel { workspace in
            try await Nginx.run(in: workspace.path, pace: .trickle) { nginx in
                let child = try workspace.start(
                    arguments(nginx, "--json", "--retries", "1000", "--retry-delay", "0.05"))
                for size in [1_000_000, 2_200_000] {
                    try await poll("a part of the file") {
                        (workspace.contents("weights.bin.partial")?.count ?? 0) > size
                    }
                    try await nginx.stop()
                    let retries = child.retries
                    try await poll("attempts that found nobody") { child.retries > retries + 1 }
                    if size > 2_000_000 { try Nginx.setPace(.free, in: workspace.path) }
                    try await nginx.startAgain()
                }
                let result = try await child.wait()
                #expect(result.status == 0, "\(result.err)")
                #expect(try result.report().int("bytes_downloaded") == Self.model.bytes)
                workspace.expectWhole()
            }
        }
    }

    @Test func `a server that stops for good is given up with 69, and what came is kept`() async throws {
        try await withModel { workspace in
            try await Nginx.run(in: workspace.path, pace: .trickle) { nginx in
                let child = try workspace.start(arguments(nginx, "--retries", "3", "--retry-delay", "0.01"))
                try await poll("a part of the file") {
                    (workspace.contents("weights.bin.partial")?.count ?? 0) > 1_000_000
                }
                try await nginx.stop()
                let result = try await child.wait()
                #expect(result.status == 69)
                #expect(result.err.contains("of 3.0 MB is kept"), "\(result.err)")
                workspace.expectNothingWrong()
                try Nginx.setPace(.free, in: workspace.path)
                try await nginx.startAgain()
                let report = try await workspace.run(arguments(nginx, "--json")).report()
                #expect(report.int("exit_code") == 0 && report.states["weights.bin"] == "resumed")
                #expect(report.int("bytes_downloaded")! <= 2_000_000)
                workspace.expectWhole()
            }
        }
    }

    /// nginx makes a file's `ETag` of its time and size.
    @Test func `a file that is replaced by another between two attempts is never mixed with the first`() async throws {
        try await withModel { workspace in
            try await Nginx.run(in: workspace.path, pace: .trickle) { nginx in
                let child = try workspace.start(
                    arguments(nginx, "--json", "--retries", "1000", "--retry-delay", "0.05"))
                try await poll("a part of the file") {
                    (workspace.contents("weights.bin.partial")?.count ?? 0) > 1_000_000
                }
                try await nginx.stop()
                try workspace.write([UInt8](repeating: 7, count: 3_000_000), to: "www/weights.bin")
                try Nginx.setPace(.free, in: workspace.path)
                try await nginx.startAgain()
                let result = try await child.wait()
                #expect(result.status == 65, "\(result.err)")
                #expect(result.err.contains("another digest"), "\(result.err)")
                workspace.expectNothingWrong()
                #expect(!workspace.exists("weights.bin") && !workspace.exists("checkpoint"))

                // The right one again, under yet another ETag.
                try workspace.writeModel(to: "www")
                #expect(try await workspace.run(arguments(nginx)).status == 0)
                workspace.expectWhole()
            }
        }
    }

    @Test func `a file that was touched between two runs is resumed although its validators changed`() async throws {
        try await withModel { workspace in
            try await Nginx.run(in: workspace.path, pace: .trickle) { nginx in
                let child = try workspace.start(arguments(nginx))
                try await poll("a part of the file") {
                    (workspace.contents("weights.bin.partial")?.count ?? 0) > 1_000_000
                }
                child.kill(SIGTERM)
                try await child.wait()
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSince1970: 1e9)],
                    ofItemAtPath: workspace.path + "/www/weights.bin")
                try await nginx.restart(.free, in: workspace)
                let report = try await workspace.run(arguments(nginx, "--json")).report()
                #expect(report.int("exit_code") == 0)
                #expect(report.int("bytes_reused")! > 500_000)
                workspace.expectWhole()
            }
        }
    }
}

extension Daemon {
    fileprivate func restart(_ pace: Nginx.Pace, in workspace: Workspace) async throws {
        try await stop()
        try Nginx.setPace(pace, in: workspace.path)
        try await startAgain()
    }
}
