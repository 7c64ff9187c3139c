import FaultServer
import Foundation
import Testing

/// The program as a user has it, against servers as they are out there.
@Suite(.timeLimit(.minutes(10)))
struct RealServerTests {
    private static let weights = "model.ckpt.data-00000-of-00001"
    private static let size: Int64 = 4_000_000
    /// Much like a checkpoint, with an empty file and names that an address has to escape.
    private static let model = TestModel(
        [
            "model.ckpt.data-00000-of-00001": size, "model.ckpt.meta": 471_155, "model.ckpt.index": 5_215,
            "vocab ü b%20c #+&;=?.bpe": 456_318, "sub folder/100%/encoder.json": 10_423, "empty": 0,
            "hparams.json": 90, "checkpoint": 77,
        ], marker: "checkpoint")

    /// More than all other files together, which may have come before, and a part that is worth waiting for; but not the whole.
    private static let middle = 3_000_000

    private func withServer(
        _ server: RealServer, holdingAfter limit: Int? = nil,
        _ body: (Workspace, RealServer.Running) async throws -> Void
    ) async throws {
        try await withWorkspace(Self.model) { workspace in
            try workspace.writeModel(to: "www")
            try await server.run(in: workspace, holdingAfter: limit) { try await body(workspace, $0) }
        }
    }

    /// Until a part of the weights is here over one connection, and no more of them can come.
    ///
    /// More than one write and what a record is due for: so that a kill finds some of it recorded, whenever it comes.
    private func pollHeld(_ workspace: Workspace, _ running: RealServer.Running) async throws {
        try await poll("a part of the file, held") {
            (workspace.contents(Self.weights + ".partial")?.count ?? 0) > 1_600_000 && running.relay?.isHolding != false
        }
    }

    @Test(
        .disabled(
            if: !RealServer.missing.isEmpty,
            Comment(rawValue: "not installed: " + RealServer.missing.joined(separator: ", "))))
    func `every server is met`() {
        #expect(RealServer.installed.count == RealServer.all.count)
    }

    @Test(arguments: RealServer.installed)
    func `a model is downloaded, every byte once, and the second run downloads nothing`(server: RealServer) async throws
    {
        try await withServer(server) { workspace, running in
            let first = try await workspace.run(running.download("--json"), environment: running.environment)
            let report = try first.report()
            #expect(first.status == 0, "\(first.err)")
            #expect(report.int("bytes_downloaded") == Self.model.bytes)
            #expect(report.int("retries") == 0)
            workspace.expectWhole()
            let second = try await workspace.run(running.download("--json"), environment: running.environment)
            #expect(try second.report().int("bytes_downloaded") == 0)
        }
    }

    @Test(arguments: RealServer.installed)
    func `a killed run is resumed`(server: RealServer) async throws {
        try await withServer(server, holdingAfter: Self.middle) { workspace, running in
            let held = try workspace.start(running.download("--connections", "1"), environment: running.environment)
            try await pollHeld(workspace, running)
            held.kill(SIGKILL)
            #expect(try await held.wait().ending == .killed(SIGKILL))
            running.relay?.cutHeld()
            workspace.expectNothingWrong()

            let result = try await workspace.run(running.download("--json"), environment: running.environment)
            let report = try result.report()
            #expect(result.status == 0, "\(result.err)")
            let file = try #require(report.files.first { $0.string("path") == Self.weights })
            #expect(file.string("state") == "resumed")
            #expect(file.int("bytes_reused")! > 250_000)
            // A server that knows no ranges sends all of it again; what is there is passed over then.
            let missing = server.origin.hasRanges ? Self.size - file.int("bytes_reused")! : Self.size
            #expect(file.int("bytes_downloaded") == missing)
            workspace.expectWhole()
        }
    }

    @Test(arguments: RealServer.installed)
    func `a server that dies in mid-download and comes back is waited for`(server: RealServer) async throws {
        try await withServer(server, holdingAfter: Self.middle) { workspace, running in
            let patient = running.download(
                "--json", "--retries", "1000", "--retry-delay", "0.02", "--connections", "1")
            let child = try workspace.start(patient, environment: running.environment)
            try await pollHeld(workspace, running)
            try await running.origin.stop()
            running.relay?.cutHeld()
            try await poll("attempts that found nobody") { child.retries > 2 }
            try await running.origin.startAgain()
            let result = try await child.wait()
            #expect(result.status == 0, "\(result.err)")
            if server.origin.hasRanges {
                #expect(try result.report().int("bytes_downloaded") == Self.model.bytes)
            }
            workspace.expectWhole()
        }
    }

    @Test(arguments: RealServer.installed)
    func `a file that is replaced in mid-download is never mixed with the first`(server: RealServer) async throws {
        try await withServer(server, holdingAfter: Self.middle) { workspace, running in
            let patient = running.download("--retries", "1000", "--retry-delay", "0.02")
            let child = try workspace.start(patient, environment: running.environment)
            try await poll("a part of the files, held") { running.relay?.isHolding == true }
            // In place, while the server reads it.
            try workspace.write([UInt8](repeating: 7, count: Int(Self.size)), to: "www/" + Self.weights)
            running.relay?.cutHeld()
            let result = try await child.wait()
            #expect([65, 76].contains(result.status), "\(result.err)")
            workspace.expectNothingWrong()
            #expect(!workspace.exists(Self.weights) && !workspace.exists("checkpoint"))

            // The right one again.
            try workspace.writeModel(to: "www")
            let again = try await workspace.run(running.download(), environment: running.environment)
            #expect(again.status == 0, "\(again.err)")
            workspace.expectWhole()
        }
    }
}
