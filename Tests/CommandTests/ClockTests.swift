import FaultServer
import Foundation
import Testing

/// A time of day that is wrong, or changes while the program runs.
@Suite(
    .timeLimit(.minutes(10)), .enabled(if: NativeHelper.isAvailable, "needs Linux and a C compiler"))
struct ClockTests {
    private static let year = 365 * 86_400

    private func start(_ arguments: [String], _ workspace: Workspace, off seconds: Int) async throws -> Child {
        try set(workspace, off: seconds)
        return try workspace.start(
            arguments,
            environment: [
                "LD_PRELOAD": try await NativeHelper.clock(), "CLOCK_OFFSET": workspace.path + "/offset",
            ])
    }

    /// Sets the clock of a running program.
    private func set(_ workspace: Workspace, off seconds: Int) throws {
        try "\(seconds)".write(toFile: workspace.path + "/offset", atomically: true, encoding: .utf8)
    }

    @Test(arguments: [-40 * year, 10 * year])
    func `setting the clock during a run causes neither a wait nor a failure`(seconds: Int) async throws {
        // Set while it waits for a server, and set right again while a transfer stalls.
        let script: FaultScript = [
            .on(path: "weights.bin", request: 0, .status(503, retryAfter: .seconds(1))),
            .on(path: "weights.bin", request: 1, .stall(after: 100_000)),
        ]
        try await withServer(script: script) { workspace, server in
            let arguments = workspace.download(from: server, "--stall-timeout", "1", "--retry-delay", "0.1")
            let child = try await start(arguments, workspace, off: 0)
            try await child.waitForErrors { $0.contains("trying again") }
            try set(workspace, off: seconds)
            try await server.waitForStall(of: "weights.bin")
            try set(workspace, off: 0)
            let result = try await child.wait()
            #expect(result.status == 0, "\(result.err)")
            workspace.expectWhole()
            #expect(
                server.requests(path: "weights.bin").reduce(0) { $0 + ($1.status == 503 ? 0 : $1.bodyBytesSent) }
                    == 300_000)
            // What the receipts say is the files' own time, whoever's clock it was.
            #expect(try await workspace.run(workspace.download(from: server)).err.contains("nothing to do"))
        }
    }

    /// A server whose clock is years away from ours, whichever way.
    @Test(arguments: ["Sun, 06 Nov 1994 08:49:3", "Sun, 06 Nov 2044 08:49:3"], [-year, year])
    func `a date in Retry-After is compared with the server's clock`(date: String, seconds: Int) async throws {
        let script: FaultScript = [
            .on(request: 0, .status(503, retryAfter: .raw("\(date)8 GMT")), .header("Date", "\(date)7 GMT"))
        ]
        try await withServer(script: script) { workspace, server in
            let child = try await start(
                workspace.download(from: server, "--retry-delay", "0.01"), workspace, off: seconds)
            let result = try await child.wait()
            #expect(result.status == 0, "\(result.err)")
            // A second and some jitter. By the clock here it would be none, or the five minutes that are the most.
            #expect(result.err.contains(/trying again in [1-4](\.[0-9])? s/), "\(result.err)")
        }
    }

    @Test(.enabled(if: Program.has("nginx") && Program.has("openssl"), "nginx or openssl is not installed"))
    func `a certificate that is not valid yet is reported with a hint to check the clock`() async throws {
        try await withWorkspace { workspace in
            try await Authority(workspace.path).issue()
            try await Nginx.run(in: workspace.path, certificates: ["good"]) { nginx in
                let arguments = [
                    "--manifest", "test.json", "model", "--cacert", "ca.pem", "--source",
                    "https://127.0.0.1:\(nginx.ports[1])/",
                ]
                let result = try await start(arguments, workspace, off: -20 * Self.year).wait()
                #expect(result.status == 76)
                #expect(result.err.contains("not valid yet: "), "\(result.err)")
                #expect(result.err.contains("hint: check the clock of this machine"), "\(result.err)")
                #expect(!result.err.contains("trying again"))
            }
        }
    }

    @Test func `files from the future are taken as they are, and their time is left alone`() async throws {
        try await withServer { workspace, server in
            #expect(try await workspace.run(workspace.download(from: server)).status == 0)
            let future = Date(timeIntervalSince1970: 4e9)
            for (name, _) in workspace.model.files {
                try FileManager.default.setAttributes(
                    [.modificationDate: future], ofItemAtPath: workspace.directory + "/" + name)
            }
            // The first run hashes what it does not recognise, and the second finds its receipts.
            for isFirst in [true, false] {
                let result = try await workspace.run(workspace.download(from: server, "--json"))
                #expect(result.out.contains(#""phase":"hashing""#) == isFirst, "\(result.out)")
                let report = try result.report()
                #expect(report.int("exit_code") == 0)
                #expect(Set(report.states.values) == ["skipped"])
            }
            #expect(server.bodyBytesSent == workspace.model.bytes)
            for (name, _) in workspace.model.files {
                let attributes = try FileManager.default.attributesOfItem(atPath: workspace.directory + "/" + name)
                #expect(attributes[.modificationDate] as? Date == future)
            }
        }
    }

    @Test func `a partial with a date in the future is resumed`() async throws {
        try await withServer(script: [.on(path: "weights.bin", .hold(at: 280_000))]) {
            workspace, server in
            let child = try await start(workspace.download(from: server), workspace, off: 30 * Self.year)
            try await server.waitForStall(of: "weights.bin")
            try await workspace.waitUntilWritten(280_000, of: "weights.bin")
            child.kill(SIGINT)
            #expect(try await child.wait().ending == .killed(SIGINT))
            server.openGates()
            for name in ["weights.bin.partial", ".modelfetch/weights.bin.journal"] {
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSince1970: 4e9)],
                    ofItemAtPath: workspace.directory + "/" + name)
            }
            #expect(try await workspace.run(workspace.download(from: server)).status == 0)
            workspace.expectWhole()
            #expect(server.bodyBytesSent == workspace.model.bytes)
        }
    }
}
