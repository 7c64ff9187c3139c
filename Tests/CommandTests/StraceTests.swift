import FaultServer
import Foundation
import Testing

/// System calls that fail, or at which the process dies, one after the other (strace(1), tampering).
@Suite(.timeLimit(.minutes(4)), .enabled(if: Program.has("strace"), "strace is not installed"))
struct StraceTests {
    private static let model = TestModel(["weights.bin": 20_000, "checkpoint": 77], marker: "checkpoint")

    /// Starts the program under strace with an injection, as in `fsync:error=EIO:when=3`.
    private func run(_ injection: String, _ sandbox: Sandbox, _ server: FaultServer) async throws -> Child.Result {
        let strace = try #require(Program.find("strace"), "strace is not installed")
        let call = String(injection.prefix { $0 != ":" })
        let arguments = [
            "-f", "-qqq", "-o", "/dev/null", "-e", "trace=" + call, "-e", "inject=" + injection, Program.path,
        ]
        return try await Child(
            strace, arguments + sandbox.download(from: server, "--retries", "1", "--retry-delay", "0"),
            environment: sandbox.environment, directory: sandbox.path
        ).wait()
    }

    @Test(arguments: ["pwrite64", "renameat", "fsync", "ftruncate", "unlinkat", "mkdirat", "openat2"])
    func `a run that is killed at any call is followed by one that ends well`(call: String) async throws {
        // strace counts the calls of each thread for itself: the end is reached when nothing is killed any more.
        for number in 1...40 {
            let hasEnded = try await withServer(Self.model) { sandbox, server in
                let killed = try await run("\(call):signal=SIGKILL:when=\(number)", sandbox, server)
                sandbox.expectNothingWrong()
                guard killed.status != 0 else { return true }
                #expect(killed.ending == .killed(SIGKILL), "\(killed.err)")
                #expect(try await sandbox.run(sandbox.download(from: server)).status == 0)
                sandbox.expectWhole()
                return false
            }
            if hasEnded { return }
        }
        Issue.record("the end was not reached")
    }

    @Test(
        arguments: [
            ("pwrite64", "EIO"), ("pwrite64", "ENOSPC"), ("fsync", "EIO"), ("renameat", "EACCES"),
            ("openat2", "EMFILE"),
        ])
    func `a call that fails ends the run with 73, and the next run ends well`(call: String, error: String) async throws
    {
        for number in 1...40 {
            let hasEnded = try await withServer(Self.model) { sandbox, server in
                let failed = try await run("\(call):error=\(error):when=\(number)", sandbox, server)
                sandbox.expectNothingWrong()
                if failed.status == 73 {
                    #expect(failed.err.contains("error: "))
                    if error == "ENOSPC", failed.err.contains("weights.bin.partial: cannot write") {
                        #expect(failed.err.contains("more bytes are needed and "), "\(failed.err)")
                    }
                } else {
                    // What a run can do without may fail: then all else is right all the same.
                    #expect(failed.status == 0, "\(call) \(number): \(failed.err)")
                    sandbox.expectWhole()
                }
                #expect(try await sandbox.run(sandbox.download(from: server)).status == 0)
                sandbox.expectWhole()
                return failed.status == 0
            }
            if hasEnded { return }
        }
        Issue.record("the end was not reached")
    }

    @Test(arguments: ["pwrite64:error=EINTR:when=1+3", "flock:error=EINTR:when=1+3"])
    func `an interrupted call is made again`(injection: String) async throws {
        try await withServer(Self.model) { sandbox, server in
            let result = try await run(injection, sandbox, server)
            #expect(result.status == 0, "\(result.err)")
            sandbox.expectWhole()
        }
    }

    @Test func `a lock that is for show is noticed, and truth does not depend on it`() async throws {
        try await withServer(Self.model) { sandbox, server in
            let result = try await run("flock:retval=0", sandbox, server)
            #expect(result.status == 0, "\(result.err)")
            #expect(result.err.contains("locks do nothing on this file system"), "\(result.err)")
            sandbox.expectWhole()
        }
    }
}
