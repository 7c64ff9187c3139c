import FaultServer
import Foundation
import Testing

/// Progress as it is seen: in a pseudo-terminal, and where there is none.
@Suite(.timeLimit(.minutes(10)))
struct ProgressTests {
    private static let model = TestModel(
        ["weights.bin": 2_000_000, "config.json": 90, "checkpoint": 77], marker: "checkpoint")
    /// Comes to a stop in the middle of the large file.
    private static let stalling: FaultScript = [.on(path: "weights.bin", .hold(at: 500_000))]
    private static let terminal = ["TERM": "xterm-256color"]

    @Test(arguments: [60, 80, 200])
    func `Ctrl-C leaves a clean screen, and a sentence about what is kept`(columns: Int) async throws {
        try await withServer(Self.model, script: Self.stalling) { workspace, server in
            let terminal = try PseudoTerminal(columns: columns, rows: 24)
            let child = try workspace.start(
                ["--manifest", "test.json", "model", "--source", server.baseURL], environment: Self.terminal,
                out: .terminal(terminal), err: .terminal(terminal))
            // A moment that has been on the screen, however it was redrawn since.
            var drawn: [String] = []
            try await poll("the bar") {
                let moment = try terminal.moment(columns: columns, rows: 24) { lines in
                    lines.contains { $0.contains("0.5/2.0 MB") && $0.contains("━") && $0.hasPrefix("weights.bin") }
                        && lines.last?.hasPrefix("1 of 3 files") == true
                }
                drawn = moment ?? []
                return moment != nil
            }
            #expect(drawn.allSatisfy { $0.count < columns })
            terminal.type("\u{3}")
            #expect(try await child.wait().ending == .killed(SIGINT))
            try await poll("the last words") { terminal.text.contains("command again to resume") }
            let left = try terminal.screen(columns: columns, rows: 24)
            let text = left.all.joined(separator: " ")
            #expect(!text.contains("━") && !text.contains("─") && !text.contains("^C"), "\(left.all)")
            #expect(text.contains("interrupted; 500.2 kB of 2.0 MB is kept in model: run the s"), "\(left.all)")
            #expect(left.all.filter { $0.hasPrefix("weights.bin") }.isEmpty)
        }
    }

    @Test func `the end of a run is a summary, above which every file has its line`() async throws {
        let script: FaultScript = [.on(path: "weights.bin", request: 0, .drop(after: 500_000))]
        try await withServer(Self.model, script: script) { workspace, server in
            let terminal = try PseudoTerminal(columns: 120, rows: 8)
            let child = try workspace.start(
                workspace.download(from: server), environment: Self.terminal, out: .terminal(terminal),
                err: .terminal(terminal))
            #expect(try await child.wait().status == 0)
            try await poll("the summary") { terminal.text.contains("1 retry") }
            let lines = try terminal.screen(columns: 120, rows: 8).all
            for file in [
                "weights.bin: downloaded (2.0 MB, verified)", "config.json: downloaded", "checkpoint: downloaded",
            ] {
                #expect(lines.count { $0.hasPrefix(file) } == 1, "\(lines)")
            }
            let host = server.baseURL.dropFirst("http://".count).dropLast()
            #expect(lines.last?.hasPrefix("done: 3 of 3 files verified; 2.0 MB received from \(host) in") == true)
            workspace.expectWhole()
        }
    }

    @Test func `output of other programs during a stop is not overwritten`() async throws {
        try await withServer(Self.model, script: Self.stalling) { workspace, server in
            let terminal = try PseudoTerminal(columns: 80, rows: 24)
            let child = try workspace.start(
                workspace.download(from: server), environment: Self.terminal, out: .terminal(terminal),
                err: .terminal(terminal))
            func lines() throws -> [String] { try terminal.screen(columns: 80, rows: 24).lines }
            try await poll("the bar") { try lines().contains { $0.contains("0.5/2.0 MB") } }
            child.kill(SIGSTOP)
            // Stopped for long enough that a tick was missed: that is what it goes by.
            try await Task.sleep(for: .milliseconds(800))
            terminal.print("somebody else\nwas here\n")
            child.kill(SIGCONT)
            try await poll("the next drawing") {
                let lines = try lines()
                guard let place = lines.firstIndex(of: "was here") else { return false }
                return lines.count > place + 1
            }
            let drawn = try lines()
            #expect(drawn.contains("somebody else") && drawn.last?.hasPrefix("1 of 3 files") == true, "\(drawn)")
            child.kill(SIGINT)
            try await child.wait()
        }
    }

    @Test func `the reason for a wait is shown instead of the rate`() async throws {
        let script: FaultScript = [.on(path: "weights.bin", request: 0, .status(503, retryAfter: .seconds(60)))]
        try await withServer(Self.model, script: script) { workspace, server in
            let terminal = try PseudoTerminal(columns: 80, rows: 24)
            let child = try workspace.start(
                workspace.download(from: server), environment: Self.terminal, out: .terminal(terminal),
                err: .terminal(terminal))
            try await poll("the reason") {
                try terminal.screen(columns: 80, rows: 24).lines.contains {
                    $0.hasPrefix("weights.bin") && $0.contains(/waiting [456][0-9] s: 503, try 2/)
                }
            }
            child.kill(SIGINT)
            try await child.wait()
        }
    }

    @Test(arguments: [["TERM": "dumb"], ["TERM": ""], ["CI": "true"]])
    func `nothing is drawn on a dumb terminal or for CI`(environment: [String: String]) async throws {
        try await withServer { workspace, server in
            let terminal = try PseudoTerminal(columns: 80, rows: 24)
            let child = try workspace.start(
                workspace.download(from: server), environment: Self.terminal.merging(environment) { $1 },
                out: .terminal(terminal), err: .terminal(terminal))
            #expect(try await child.wait().status == 0)
            try await poll("the end") { terminal.text.contains("done: 3 of 3 files verified") }
            #expect(!terminal.text.contains("\u{1B}"), "\(terminal.text)")
            // The source is said once, for the file that is the first to ask it.
            #expect(terminal.text.contains(": from \(server.baseURL)"))
        }
    }

    @Test(arguments: ["plain", "bar"])
    func `a file that fails is reported at once, and not only at the end`(style: String) async throws {
        let script: FaultScript = [
            .on(path: "weights.bin", .hold(at: 100_000)), .on(path: "config.json", .status(404)),
        ]
        try await withServer(script: script) { workspace, server in
            let child = try workspace.start(workspace.download(from: server, "--progress", style))
            try await poll("the failure") { child.errorsSoFar.contains("config.json: failed (404)\n") }
            server.openGates()
            let result = try await child.wait()
            #expect(result.status == 69)
            #expect(result.err.components(separatedBy: "config.json: failed").count == 2, "once")
        }
    }

    @Test func `NO_COLOR does not turn the bars off`() async throws {
        let script: FaultScript = [.on(path: "weights.bin", .hold(at: 100_000))]
        try await withServer(script: script) { workspace, server in
            let terminal = try PseudoTerminal(columns: 80, rows: 24)
            let child = try workspace.start(
                workspace.download(from: server), environment: Self.terminal.merging(["NO_COLOR": "1"]) { $1 },
                out: .terminal(terminal), err: .terminal(terminal))
            // ECMA-48: a block is drawn over.
            try await poll("a bar") { terminal.text.contains("\u{1B}[K") }
            server.openGates()
            #expect(try await child.wait().status == 0)
            try await poll("the end") { terminal.text.contains("done: 3 of 3 files verified") }
            #expect(!terminal.text.contains(/\x{1B}\[[0-9;]*m/), "no colour is set")
        }
    }

    @Test func `without a terminal bars are drawn only on request`() async throws {
        try await withServer { workspace, server in
            let drawn = try await workspace.run(workspace.download(from: server, "--progress", "bar"))
            #expect(drawn.status == 0 && drawn.err.contains("done: 3 of 3"))
            var screen = Screen(columns: 80, rows: 24)
            try screen.show(drawn.err)
            #expect(screen.all.allSatisfy { !$0.contains("━") })
            let plain = try await workspace.run(workspace.download(from: server, "--recheck"))
            #expect(plain.status == 0 && !plain.err.contains("\u{1B}"))
        }
    }
}
