import FaultServer
import Foundation
import Testing

/// Limits of a process: what cannot be had is said, with 73, and nothing waits for ever.
@Suite(.timeLimit(.minutes(4)))
struct LimitTests {
    @Test(arguments: [4, 5, 6, 7, 8, 9, 10, 12, 15, 19, 24])
    func `too few descriptors are reported, and do no harm`(count: Int) async throws {
        try await withServer { workspace, server in
            let arguments = workspace.download(from: server, "--retries", "1", "--retry-delay", "0.01")
            let result = try await workspace.startShell(#"ulimit -n \#(count); exec "$0" "$@""#, arguments).wait()
            #expect([0, 69, 73].contains(result.status), "\(result.ending) \(result.err)")
            if count < 16 {
                #expect(result.status == 73, "\(result.err)")
                #expect(result.err.contains("hint: raise the limit (ulimit -n)"), "\(result.err)")
            }
            if result.status != 0 { #expect(result.err.contains("error: ")) }
            workspace.expectNothingWrong()
            #expect(try await workspace.run(workspace.download(from: server)).status == 0)
        }
    }

    @Test(.enabled(if: !Program.isSanitized, "a sanitizer takes address space of its own"), arguments: [300, 400, 700])
    func `too little address space is reported, and does no harm`(mebibytes: Int) async throws {
        try await withServer { workspace, server in
            let script = #"ulimit -v \#(mebibytes * 1024); exec "$0" "$@""#
            let result = try await workspace.startShell(script, workspace.download(from: server)).wait()
            #expect([0, 73].contains(result.status), "\(result.ending) \(result.err)")
            if result.status != 0 { #expect(result.err.contains("too little memory"), "\(result.err)") }
            workspace.expectNothingWrong()
            #expect(try await workspace.run(workspace.download(from: server)).status == 0)
        }
    }

    /// One that nobody has; the limit counts all processes of a user.
    private static let user = 54_321 + Int(getpid() % 1000)

    @Test(
        .enabled(
            if: Program.isRoot && Program.has("setpriv") && Program.has("prlimit"),
            "needs root, who is no other user's limit subject to, and setpriv(1) and prlimit(1)"),
        arguments: [1, 2, 4, 6, 7, 8, 9, 10, 12, 16])
    func `too few threads are reported or suffice, and no run hangs`(count: Int) async throws {
        try await withServer { workspace, server in
            #expect(chmod(workspace.path, 0o777) == 0)
            let user = "\(Self.user + count)"
            let arguments =
                ["--nproc=\(count)", "setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", Program.path]
                + workspace.download(from: server)
            let prlimit = try #require(Program.find("prlimit"))
            let child = try Child(prlimit, arguments, environment: workspace.environment, directory: workspace.path)
            let result = try await child.wait()
            #expect([0, 73].contains(result.status), "\(result.ending) \(result.err)")
            if result.status != 0 { #expect(result.err.contains("thread"), "\(result.err)") }
            if count < 5 { #expect(result.status == 73) }
            workspace.expectNothingWrong()
        }
    }
}
