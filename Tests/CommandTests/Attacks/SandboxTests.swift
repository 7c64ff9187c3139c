import FaultServer
import Foundation
import Testing

@testable import ModelFetchCommand

/// The program gives up the right to write anywhere but in the model directory, where the kernel lets it (landlock(7)).
@Suite(
    .timeLimit(.minutes(10)),
    .enabled(
        if: Program.has("clang") && Program.has("strace") && Program.hasLandlock,
        "clang, strace or the kernel's Landlock is missing"))
struct SandboxTests {
    private static let model = TestModel(
        ["weights.bin": 300_000, "sub/vocab.bpe": 90, "checkpoint": 77], marker: "checkpoint")

    /// Runs the program on a kernel that says it has no Landlock.
    private func runUnconfined(
        _ arguments: [String], _ workspace: Workspace, environment: [String: String] = [:]
    ) async throws -> Child.Result {
        let strace = try #require(Program.find("strace"))
        var options = ["-f", "-qqq", "-o", "/dev/null", "-e", "trace=landlock_create_ruleset"]
        options += ["-e", "inject=landlock_create_ruleset:error=ENOSYS"]
        for (name, value) in environment { options += ["-E", "\(name)=\(value)"] }
        return try await Child(
            strace, options + [Program.path] + arguments, environment: workspace.environment, directory: workspace.path
        ).wait()
    }

    @Test func `code that broke into a download writes in the model directory and nowhere else`() async throws {
        try await withServer(Self.model) { workspace, server in
            let escapist = try await Escapist(workspace)
            for name in ["file", "file.unlink", "file.rename"] { try workspace.write([7], to: "model/" + name) }
            let result = try await workspace.run(
                workspace.download(from: server), environment: escapist.environment(inside: workspace.directory))
            #expect(result.status == 0, "\(result.err)")
            let done = Dictionary(uniqueKeysWithValues: Escapist.attempts.map { ($0, "done") })
            let denied = done.mapValues { _ in "EACCES" }
            #expect(escapist.outcomes(of: result, "inside") == done)
            #expect(escapist.outcomes(of: result, "outside") == denied)
            #expect(escapist.isOutsideUntouched)
            workspace.expectWhole()
        }
    }

    @Test func `code that broke into an audit writes nowhere`() async throws {
        try await withServer(Self.model) { workspace, server in
            #expect(try await workspace.run(workspace.download(from: server)).status == 0)
            let escapist = try await Escapist(workspace)
            for name in ["file", "file.unlink", "file.rename"] { try workspace.write([7], to: "model/" + name) }
            let before = workspace.listing("model")
            let result = try await workspace.run(
                ["verify", "model"], environment: escapist.environment(inside: workspace.directory))
            #expect(result.status == 0, "\(result.err)")
            let denied = Dictionary(uniqueKeysWithValues: Escapist.attempts.map { ($0, "EACCES") })
            for place in ["inside", "outside"] { #expect(escapist.outcomes(of: result, place) == denied) }
            #expect(workspace.listing("model") == before && escapist.isOutsideUntouched)
        }
    }

    @Test func `without Landlock in the kernel the program works, and says that writing is not confined`() async throws
    {
        try await withServer(Self.model) { workspace, server in
            let escapist = try await Escapist(workspace)
            try workspace.write([1], to: "model/notes")
            let result = try await runUnconfined(
                workspace.download(from: server, "--verbose"), workspace,
                environment: escapist.environment(inside: workspace.directory))
            #expect(result.status == 0, "\(result.err)")
            #expect(result.err.contains("debug: writing is not confined: the kernel has no Landlock"), "\(result.err)")
            // What proves that the attempts of the other tests are real.
            let outcomes = escapist.outcomes(of: result, "outside")
            #expect(outcomes.count == Escapist.attempts.count && outcomes.values.allSatisfy { $0 == "done" })
            #expect(!escapist.isOutsideUntouched)
            workspace.expectWhole()
            #expect(try await runUnconfined(["verify", "model"], workspace).status == 0)
        }
    }

    @Test func `--verbose prints where writing is allowed`() async throws {
        try await withServer(Self.model) { workspace, server in
            func line(_ arguments: [String]) async throws -> String? {
                let result = try await workspace.run(arguments + ["--verbose"])
                #expect(result.status == 0, "\(result.err)")
                let lines = result.err.split(separator: "\n").filter { $0.contains("confined") }
                #expect(lines.count == 1)
                return lines.first.map(String.init)
            }
            let nowhere = "debug: writing is confined: nothing can be written (Landlock, version "
            #expect(try await line(workspace.download(from: server, "--dry-run"))?.hasPrefix(nowhere) == true)
            #expect(
                try await line(workspace.download(from: server))?.hasPrefix(
                    "debug: writing is confined: nothing can be written but in \(workspace.directory) (Landlock, version "
                )
                    == true)
            for arguments in [["verify", "model"], ["list"], workspace.download(from: server, "--verify")] {
                #expect(try await line(arguments)?.hasPrefix(nowhere) == true)
            }
            // And nobody else is told.
            for options in [[], ["--quiet"], ["--json"]] {
                let result = try await workspace.run(workspace.download(from: server) + options)
                #expect(!result.err.contains("confined") && !result.out.contains("confined"))
            }
        }
    }

    @Test func `writing is confined before there is a second thread, and nothing else is opened for writing`()
        async throws
    {
        try await withServer(Self.model) { workspace, server in
            let log = workspace.path + "/calls"
            try FileManager.default.createSymbolicLink(atPath: workspace.path + "/link", withDestinationPath: "model")
            try FileManager.default.createDirectory(atPath: workspace.directory, withIntermediateDirectories: false)
            let strace = try #require(Program.find("strace"))
            let result = try await Child(
                strace,
                [
                    "-f", "-qqq", "-y", "-o", log, "-e",
                    "trace=landlock_restrict_self,clone,clone3,open,openat,openat2,creat,mkdir,rename,unlink",
                    Program.path,
                    "--manifest", "test.json", "link", "--source", server.baseURL, "--netrc",
                ], environment: workspace.environment, directory: workspace.path
            ).wait()
            #expect(result.status == 0, "\(result.err)")
            workspace.expectWhole()
            let calls = String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
                .split(separator: "\n")
            let confined = try #require(calls.firstIndex { $0.contains("landlock_restrict_self(") })
            #expect(calls[confined].hasSuffix("= 0"), "\(calls[confined])")
            #expect(calls.count { $0.contains("landlock_restrict_self(") } == 1)
            #expect(!calls[..<confined].contains(where: Self.makesThread), "\(calls[..<confined])")
            #expect(calls.contains(where: Self.makesThread), "there are threads")
            for call in calls where call.contains("O_WRONLY") || call.contains("O_RDWR") || call.contains("O_CREAT") {
                #expect(call.contains("openat2(") && call.contains("<\(workspace.directory)>, "), "\(call)")
            }
        }
    }

    /// Whether a line of strace's is clone(2), and not a call that names a file whose path has the word in it.
    private static func makesThread(_ call: Substring) -> Bool {
        call.prefixMatch(of: /(?:\d+ +)?clone3?\(/) != nil
    }

    @Test(arguments: [
        ("7  clone3({flags=CLONE_VM|CLONE_FS}, 88) = 8", true), ("clone(child_stack=NULL) = 8", true),
        (#"7  openat(AT_FDCWD</home/u/clone>, "/home/u/clone(3)/lib.so", O_RDONLY) = 3"#, false),
    ])
    func `a path that contains the word clone is not taken for a new thread`(call: String, isThread: Bool) {
        #expect(Self.makesThread(Substring(call)) == isThread)
    }

    @Test(arguments: [
        ["--source", "ftp://127.0.0.1/"], ["--only", "nothing"], ["--cacert", "nothing.pem"], ["--dry-run"],
        ["--source", "http://127.0.0.1:1/", "--dry-run"], ["--verify"], ["--header", "X: y"], ["--retries", "-1"],
    ])
    func `a directory is created only for a run that starts`(arguments: [String]) async throws {
        try await withWorkspace { workspace in
            try workspace.write(
                Array(workspace.model.manifest(sources: ["http://127.0.0.1:1/"]).utf8), to: "test.json")
            let before = workspace.listing()
            let result = try await workspace.run(["--manifest", "test.json", "deep/down/model"] + arguments)
            if !arguments.contains("--dry-run") { #expect([64, 66].contains(result.status), "\(result.err)") }
            #expect(workspace.listing() == before)
            let begun = try await workspace.run(
                "--manifest", "test.json", "deep/down/model", "--retries", "0", "--verbose")
            #expect(begun.status == 69)
            #expect(begun.err.contains("but in deep/down/model (Landlock"), "\(begun.err)")
        }
    }

    @Test func `a download into a file of output, over a wrong model, and after an interruption works all the same`()
        async throws
    {
        // The samples that are compared with the file that stands there are shorter.
        let script: FaultScript = [.on(path: "weights.bin", .stall(after: 100_000))]
        try await withServer(Self.model, script: script) { workspace, server in
            try workspace.write([UInt8](repeating: 9, count: 2_000_000), to: "model/weights.bin")
            let out = workspace.path + "/out"
            func start() throws -> Child {
                try workspace.start(
                    workspace.download(from: server, "--replace", "--json", "--verbose"), out: .file(out),
                    err: .file(workspace.path + "/err"))
            }
            let first = try start()
            try await server.waitForStall(of: "weights.bin")
            try await poll("the bytes to be written") {
                (workspace.contents("weights.bin.partial")?.count ?? 0) >= 100_000
            }
            first.kill(SIGTERM)
            #expect(try await first.wait().ending == .killed(SIGTERM))
            server.replace(script: .honest)
            #expect(try await start().wait().status == 0)
            workspace.expectWhole()
            let text = String(decoding: FileManager.default.contents(atPath: out) ?? Data(), as: UTF8.self)
            let report = try JSONLine(try #require(text.split(separator: "\n").last))
            #expect(report.bool("ok") == true && report.states["weights.bin"] == "repaired")
            #expect(report.int("bytes_reused") ?? 0 >= 100_000)
        }
    }
}

extension Program {
    fileprivate static let hasLandlock = isCI || Sandbox.version > 0
}
