import FaultServer
import Foundation
import Testing

/// How many connections are used.
@Suite(.timeLimit(.minutes(10)))
struct ConnectionTests {
    /// One large file, and others that want a connection as well.
    private static let model = TestModel(["weights.bin": 16 << 20, "a.bin": 2 << 20, "b.bin": 2 << 20, "c.bin": 90_000])

    @Test(arguments: [1, 2, 5])
    func `--connections is the most that a server sees`(connections: Int) async throws {
        // Each connection is slow, so that more of them would pay.
        try await withServer(Self.model, script: .always(.rate(5_000_000))) { workspace, server in
            let arguments = workspace.download(from: server, "--connections", "\(connections)", "--json")
            let result = try await workspace.run(arguments)
            #expect(result.status == 0, "\(result.err)")
            #expect(server.statistics.peakTransfers == connections)
            // A connection serves one request after the other, unless its range was given to another one.
            if connections == 1 { #expect(server.statistics.connections == 1) }
            workspace.expectWhole()
            // What was on the way when a range was given to another connection comes twice.
            let twice = server.bodyBytesSent - workspace.model.bytes
            let most = connections == 1 ? 0 : workspace.model.bytes / 20
            #expect((0...most).contains(twice), "\(twice) bytes came twice")
            let report = try result.report()
            let (received, duplicated) = (report.int("bytes_downloaded")!, report.int("bytes_duplicated")!)
            #expect(received - duplicated == workspace.model.bytes, "\(received) with \(duplicated) twice")
            #expect(received <= server.bodyBytesSent)
        }
    }

    @Test func `up to sixteen are used where each is slow`() async throws {
        try await withServer(Self.model, script: .always(.rate(400_000))) { workspace, server in
            let result = try await workspace.run(workspace.download(from: server))
            #expect(result.status == 0, "\(result.err)")
            #expect((8...16).contains(server.statistics.peakTransfers), "\(server.statistics.peakTransfers)")
            workspace.expectWhole()
        }
    }

    @Test(arguments: [401, 403])
    func `a redirect to a signed address that expires is followed again, once for all connections`(status: Int)
        async throws
    {
        let model = TestModel(["weights.bin": 16 << 20])
        let content = Content(
            Dictionary(uniqueKeysWithValues: ["a", "b"].map { ("\($0)/weights.bin", model.files[0].file.served) }))
        let script: FaultScript = [
            .on(path: "weights.bin", .redirect(to: "/b/weights.bin?sig=2")),
            .on(path: "weights.bin", request: 0, .redirect(to: "/a/weights.bin?sig=1")),
            .on(path: "a/*", requests: 8...100_000, .status(status)),
            .on(path: "*/*", .rate(2_000_000)),
        ]
        try await withWorkspace(model) { workspace in
            try await FaultServer.run(files: content, script: script) { server in
                let arguments = workspace.download(from: server, "--connections", "8", "--retries", "0", "--json")
                let result = try await workspace.run(arguments)
                #expect(result.status == 0, "\(result.err)")
                #expect(server.requests(path: "weights.bin").count == 2)
                #expect(server.requests(path: "a/weights.bin").count > 8)
                #expect(!server.requests(path: "b/weights.bin").isEmpty)
                #expect(try result.report().int("retries") == 0)
                workspace.expectWhole()
            }
        }
    }
}
