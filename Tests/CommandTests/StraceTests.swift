import FaultServer
import Foundation
import Testing

/// Calls that are interrupted, and a lock that does nothing, by a tool that nobody wrote for these tests (strace(1), tampering).
@Suite(.timeLimit(.minutes(10)), .enabled(if: Program.has("strace"), "strace is not installed"))
struct StraceTests {
    private static let model = TestModel(["weights.bin": 20_000, "checkpoint": 77], marker: "checkpoint")

    /// Starts the program under strace with an injection, as in `fsync:error=EIO:when=3`.
    private func start(_ injection: String, _ workspace: Workspace, _ server: FaultServer) throws -> Child {
        let strace = try #require(Program.find("strace"), "strace is not installed")
        let call = String(injection.prefix { $0 != ":" })
        let arguments = [
            "-f", "-qqq", "-o", "/dev/null", "-e", "trace=" + call, "-e", "inject=" + injection, Program.path,
        ]
        return try Child(
            strace, arguments + workspace.download(from: server, "--retries", "1", "--retry-delay", "0"),
            environment: workspace.environment, directory: workspace.path)
    }

    @Test(arguments: ["pwrite64:error=EINTR:when=1+3", "flock:error=EINTR:when=1+3"])
    func `an interrupted call is repeated`(injection: String) async throws {
        try await withServer(Self.model) { workspace, server in
            let result = try await start(injection, workspace, server).wait()
            #expect(result.status == 0, "\(result.err)")
            workspace.expectWhole()
        }
    }

    @Test func `a lock that does not exclude anything is noticed, and files are right without it`() async throws {
        try await withServer(Self.model) { workspace, server in
            let result = try await start("flock:retval=0", workspace, server).wait()
            #expect(result.status == 0, "\(result.err)")
            #expect(result.err.contains("file locks have no effect on this file system"), "\(result.err)")
            workspace.expectWhole()
        }
    }

    @Test func `runs that no lock keeps apart work on files of their own, and end well`() async throws {
        try await withServer(script: [.on(path: "weights.bin", .hold(at: 100_000))]) { workspace, server in
            let children = try (0..<3).map { _ in try start("flock:retval=0", workspace, server) }
            try await poll("a partial for each") {
                let names = try? FileManager.default.contentsOfDirectory(atPath: workspace.directory + "/.modelfetch")
                return names?.count { $0.hasPrefix("weights.bin%~") && $0.hasSuffix(".partial") } == 3
            }
            server.openGates()
            for child in children {
                let result = try await child.wait()
                workspace.expectNothingWrong()
                // 73 where one has renamed the receipts that another was just writing.
                #expect([0, 73].contains(result.status), "\(result.err)")
            }
            workspace.expectWhole()
            #expect(try await workspace.run(workspace.download(from: server)).status == 0)
        }
    }
}
