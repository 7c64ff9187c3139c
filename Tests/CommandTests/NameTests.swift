import FaultServer
import Foundation
import Testing

/// Names that are not found, or not yet, or by nobody.
@Suite(
    .timeLimit(.minutes(10)),
    .enabled(
        if: Privilege.canMountAndMakeNetworks && Program.has("unshare"), Comment(rawValue: Privilege.mountsAndNetworks))
)
struct NameTests {
    /// Starts the program where the resolver asks only this name server (resolv.conf(5)).
    private func start(_ workspace: Workspace, _ names: NameServer, _ server: FaultServer, _ more: String...) throws
        -> Child
    {
        try workspace.write(
            Array("nameserver \(names.address)\noptions timeout:1 attempts:1\n".utf8), to: "resolv.conf")
        let arguments = ["--manifest", "test.json", "model", "--source", "http://models.example:\(server.port)/"]
        let script = #"mount --bind resolv.conf /etc/resolv.conf && exec "$0" "$@""#
        let unshare = try #require(Program.find("unshare"))
        return try Child(
            unshare,
            ["--mount", "/bin/sh", "-c", script, Program.path] + arguments + ["--retry-delay", "0.02"] + more,
            environment: workspace.environment, directory: workspace.path)
    }

    @Test(arguments: [NameServer.Mood.fails, .knowsNothing])
    func `a run waits for a name that resolves late`(mood: NameServer.Mood) async throws {
        try await withServer { workspace, server in
            try await NameServer.run(mood) { names in
                let child = try start(workspace, names, server, "--wait-for-network", "--retries", "0")
                try await child.waitForErrors { $0.contains("waiting for the network") }
                try await poll("more questions") { names.queries > 6 }
                names.become(.answers)
                let result = try await child.wait()
                #expect(result.status == 0, "\(result.err)")
                workspace.expectWhole()
                #expect(server.bodyBytesSent == workspace.model.bytes)
            }
        }
    }

    @Test(arguments: [NameServer.Mood.fails, .isSilent])
    func `a name server that fails during a run does no harm`(mood: NameServer.Mood) async throws {
        let script: FaultScript = [.on(path: "weights.bin", request: 0, .stall(after: 100_000))]
        try await withServer(script: script) { workspace, server in
            try await NameServer.run(.answers) { names in
                let child = try start(workspace, names, server, "--retries", "2", "--stall-timeout", "1")
                try await server.waitForStall(of: "weights.bin")
                // What was found once counts for a while.
                names.become(mood)
                let result = try await child.wait()
                #expect(result.status == 0, "\(result.err)")
                workspace.expectWhole()
                #expect(server.bodyBytesSent == workspace.model.bytes)
            }
        }
    }

    @Test(arguments: [NameServer.Mood.fails, .knowsNothing, .isSilent])
    func `a name that never resolves ends the run with 69 and is named`(mood: NameServer.Mood) async throws {
        try await withServer { workspace, server in
            try await NameServer.run(mood) { names in
                let child = try start(workspace, names, server, "--retries", "2", "--connect-timeout", "1")
                let result = try await child.wait()
                #expect(result.status == 69)
                #expect(result.err.contains("models.example"), "\(result.err)")
                #expect(names.queries > 0 && server.log.isEmpty)
            }
        }
    }
}
