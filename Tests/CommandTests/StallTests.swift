import FaultServer
import Foundation
import Testing

/// Servers that drip: too slow to be of use, or just fast enough.
@Suite(.timeLimit(.minutes(10)))
struct StallTests {
    @Test func `a source that drips below the floor counts as stalled, and another one is asked`() async throws {
        try await withServer(script: [.on(path: "weights.bin", .rate(300))]) { workspace, drip in
            try await FaultServer.run(files: workspace.model.content) { other in
                let arguments = workspace.download(from: drip, "--source", other.baseURL)
                let child = try workspace.start(
                    arguments + ["--stall-timeout", "1", "--retries", "0", "--json"])
                let result = try await child.wait()
                let report = try result.report()
                #expect(report.int("exit_code") == 0, "\(result.err)")
                #expect(result.out.contains("stalled"))
                workspace.expectWhole()
                // What had dripped was used.
                #expect(report.int("bytes_downloaded") == workspace.model.bytes)
                #expect(drip.requests(path: "weights.bin").count == 1)
                #expect(other.requests(path: "weights.bin").count == 1)
            }
        }
    }

    @Test func `a source that only drips ends the run with 69, and its bytes are kept`() async throws {
        try await withServer(script: [.on(path: "weights.bin", .rate(300))]) { workspace, server in
            let arguments = workspace.download(from: server, "--retries", "1", "--retry-delay", "0")
            let result = try await workspace.run(arguments + ["--stall-timeout", "1", "--connections", "1"])
            #expect(result.status == 69)
            #expect(result.err.contains("the transfer stalled"), "\(result.err)")
            #expect(workspace.exists("config.json") && !workspace.exists("checkpoint"))
            let dripped = server.requests(path: "weights.bin").reduce(0) { $0 + $1.bodyBytesSent }
            #expect(dripped > 0)
            server.replace(script: .honest)
            let report = try await workspace.run(workspace.download(from: server, "--json")).report()
            #expect(report.states["weights.bin"] == "resumed")
            // What was on its way when the transfer was given up came once more.
            #expect((0...100).contains(server.bodyBytesSent - workspace.model.bytes))
            workspace.expectWhole()
        }
    }

    @Test func `a slow transfer is not a stalled one`() async throws {
        let model = TestModel(["slow.bin": 9_000])
        try await withServer(model, script: .always(.rate(3_000))) { workspace, server in
            let result = try await workspace.run(
                workspace.download(from: server, "--stall-timeout", "1", "--retries", "0"))
            #expect(result.status == 0, "\(result.err)")
            workspace.expectWhole()
        }
    }

    @Test(
        arguments: [
            .on(path: "weights.bin", .silence(percent: 99)), .on(path: "weights.bin", request: 3, .stallBeforeHead),
        ] as [FaultRule])
    func `one connection that falls silent is replaced long before the stall timeout`(fault: FaultRule) async throws {
        let model = TestModel(["weights.bin": 12 << 20])
        let script = FaultScript([fault, .on(.rate(3_000_000))])
        try await withServer(model, script: script) { workspace, server in
            // Within two minutes, that is.
            let arguments = workspace.download(from: server, "--stall-timeout", "600")
            let result = try await workspace.run(arguments)
            #expect(result.status == 0, "\(result.err)")
            workspace.expectWhole()
        }
    }
}
