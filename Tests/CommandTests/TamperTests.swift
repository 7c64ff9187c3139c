import FaultServer
import Foundation
import Glibc
import Testing

/// Every system call of a download by which the disk changes, each in its turn: the last one before a SIGKILL, or failing.
@Suite(
    .timeLimit(.minutes(10)), .enabled(if: NativeHelper.isAvailable, "needs Linux and a C compiler"))
struct TamperTests {
    private static let model = TestModel(["weights.bin": 20_000, "checkpoint": 77], marker: "checkpoint")
    //// Calls are shared out among so many tests that run at the same time.
    private static let shares = 3

    /// Runs a download with its first call harmed, another with its second, and so on until none is left to be harmed.
    ///
    /// - Parameter body: looks at how it ended. A run that nobody harms follows, and must end well.
    private func forEachCall(
        among calls: [String], _ harm: Tampering.Harm, share: Int, atLeast least: Int,
        _ body: (Workspace, Child.Result, Tampering.Hit) throws -> Void
    ) async throws {
        try await withServer(Self.model) { workspace, server in
            for number in stride(from: share + 1, to: 1000, by: Self.shares) {
                let arguments = workspace.download(from: server, "--retries", "1", "--retry-delay", "0")
                let result = try await workspace.run(arguments, Tampering(calls, harm, number...number))
                workspace.expectNothingWrong()
                guard let hit = workspace.hits.first else {
                    #expect(result.status == 0, "\(result.err)")
                    #expect(number > least, "the calls are not seen")
                    return
                }
                try body(workspace, result, hit)
                if result.status != 0 {
                    let next = try await workspace.run(workspace.download(from: server))
                    #expect(next.status == 0, "after \(hit): \(next.err)")
                }
                workspace.expectWhole()
                // Nothing beside the model, whatever happened.
                let names = try FileManager.default.contentsOfDirectory(atPath: workspace.path)
                #expect(Set(names) == ["hits", "model", "test.json"])
                try FileManager.default.removeItem(atPath: workspace.directory)
            }
            Issue.record("the end was not reached")
        }
    }

    @Test(arguments: 0..<shares)
    func `a run that is killed at any call is followed by one that ends well`(share: Int) async throws {
        try await forEachCall(among: Tampering.changing, .kill, share: share, atLeast: 40) { _, result, hit in
            #expect(result.ending == .killed(SIGKILL), "\(hit): \(result.err)")
        }
    }

    @Test(arguments: 0..<shares)
    func `an input-output error in any call ends the run with 73 or does no harm`(share: Int) async throws {
        try await forEachCall(among: Tampering.changing, .error(EIO), share: share, atLeast: 40, expectTruth)
    }

    @Test(arguments: 0..<shares)
    func `no room at any call ends the run with 73 or does no harm`(share: Int) async throws {
        let calls = ["openat2", "mkdir", "mkdirat", "pwrite", "fsync", "fallocate", "renameat"]
        try await noRoom(ENOSPC, calls, share, atLeast: 25)
    }

    @Test(arguments: 0..<shares)
    func `a quota that is spent at any call ends the run with 73 or does no harm`(share: Int) async throws {
        try await noRoom(EDQUOT, ["pwrite", "fallocate", "fsync"], share, atLeast: 12)
    }

    private func noRoom(_ error: Int32, _ calls: [String], _ share: Int, atLeast least: Int) async throws {
        try await forEachCall(among: calls, .error(error), share: share, atLeast: least) { workspace, result, hit in
            try expectTruth(workspace, result, hit)
            if hit.call == "pwrite", hit.path.hasSuffix("weights.bin.partial") {
                #expect(result.status == 73)
                #expect(result.err.contains("more are needed and "), "\(result.err)")
            }
        }
    }

    @Test(arguments: 0..<shares)
    func `an interruption of any call ends the run with 73 or does no harm`(share: Int) async throws {
        try await forEachCall(among: Tampering.changing, .error(EINTR), share: share, atLeast: 40) {
            workspace, result, hit in
            try expectTruth(workspace, result, hit)
            // These are interrupted in real life, and made again.
            if ["pwrite", "flock"].contains(hit.call) { #expect(result.status == 0, "\(hit): \(result.err)") }
        }
    }

    /// 73 in words, or all is right; and what was not made durable was not published.
    private func expectTruth(_ workspace: Workspace, _ result: Child.Result, _ hit: Tampering.Hit) throws {
        if result.status == 73 {
            #expect(result.err.contains("error: "), "\(hit)")
        } else {
            // What a run can do without may fail.
            #expect(result.status == 0, "\(hit): \(result.ending) \(result.err)")
            workspace.expectWhole()
        }
        if hit.call == "fsync", hit.path.hasSuffix(".partial") {
            let name = URL(fileURLWithPath: hit.path).deletingPathExtension().lastPathComponent
            #expect(result.status == 73 && !workspace.exists(name), "published after \(hit)")
        }
        if hit.call == "fsync", ["model", ".modelfetch"].contains(URL(fileURLWithPath: hit.path).lastPathComponent) {
            #expect(result.status == 73, "\(hit): \(result.err)")
        }
    }

    @Test func `no file is published if fsync always fails`() async throws {
        try await withServer(Self.model) { workspace, server in
            let arguments = workspace.download(from: server)
            // The first makes the directory, whose own name may fail to be durable.
            let result = try await workspace.run(
                arguments, Tampering(["fsync"], .error(EIO), 1...10_000, path: ".partial"))
            #expect(result.status == 73)
            #expect(result.err.contains("weights.bin") && result.err.contains("Input/output error"), "\(result.err)")
            #expect(!workspace.hits.isEmpty)
            #expect(!workspace.exists("weights.bin") && !workspace.exists("checkpoint"))
            #expect(try await workspace.run(arguments).status == 0)
            workspace.expectWhole()
        }
    }

    @Test(arguments: [["pwrite"], ["pread"], ["pwrite", "pread"]])
    func `short reads and writes are continued`(calls: [String]) async throws {
        try await withServer { workspace, server in
            let arguments = workspace.download(from: server, "--recheck")
            for _ in 1...2 {
                let result = try await workspace.run(arguments, Tampering(calls, .short, 1...1_000_000))
                #expect(result.status == 0, "\(result.err)")
                #expect(workspace.hits.count > 5)
                workspace.expectWhole()
            }
            #expect(server.bodyBytesSent == workspace.model.bytes)
        }
    }
}
