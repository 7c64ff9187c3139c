import FaultServer
import Foundation
import Testing

/// The recording in README.md: what the program prints, held against what it prints today.
///
/// `MODELFETCH_RECORD=1 ./test --filter RecordingTests` puts a new one there.
@Suite(.timeLimit(.minutes(10)))
struct RecordingTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let readme = root.appendingPathComponent("README.md")
    private static let (start, end) = ("<!-- recording -->\n```console\n", "```\n<!-- end of recording -->")
    private static let mirror = "http://mirror.example/tiny/"
    private static let data = "model.ckpt.data-00000-of-00001"
    private static let columns = 220

    @Test func `the recording in the README is what is printed today`() async throws {
        let readme = try String(contentsOf: Self.readme, encoding: .utf8)
        let place = try #require(readme.range(of: Self.start))
        let rest = try #require(readme.range(of: Self.end, range: place.upperBound..<readme.endIndex))
        let recording = try await Self.record()
        if ProcessInfo.processInfo.environment["MODELFETCH_RECORD"] != nil {
            let new =
                readme[..<place.upperBound] + recording.joined(separator: "\n") + "\n" + readme[rest.lowerBound...]
            try Data(new.utf8).write(to: Self.readme)
            return
        }
        let shown = readme[place.upperBound..<rest.lowerBound].split(separator: "\n").map(String.init)
        #expect(shown.map(Self.masked).sorted() == recording.map(Self.masked).sorted())
    }

    /// A line without what differs from run to run: numbers, how far a bar is, and a rate where there was no time for one.
    private static func masked(_ line: String) -> String {
        line.replacing(/[0-9]+/, with: "0").replacing(/[━┅─]+/, with: "~").replacing(/[kMG]B/, with: "B")
            .replacing(/\ \(0\.0 B\/s\)/, with: "").replacing(/\ +/, with: " ")
    }

    // MARK: Recording

    private static func record() async throws -> [String] {
        let content = Content.directory(root.appendingPathComponent("Fixtures/tiny").path)
        let script: FaultScript = [
            .on(path: data, .rate(250_000)), .on(path: data, request: 0, .drop(after: 150_000)),
            .on(path: data, request: 1, .status(503, retryAfter: .seconds(4))),
            // It stands still for as long as it takes to look.
            .on(path: data, requests: 2...99, .hold(at: 450_000)),
        ]
        return try await withWorkspace { workspace in
            try await FaultServer.run(files: content, script: script) { server in
                var lines = try await interrupted(workspace, server)
                server.replace(script: .honest)
                lines += try await whole(["tiny", "--source", server.baseURL], workspace, server)
                lines += try await whole(["verify", "models/tiny"], workspace, server)
                try damage("\(workspace.path)/models/tiny/\(data)", at: 300_000)
                lines.append("$ printf '\\377' | dd of=models/tiny/\(data) bs=1 seek=300000 conv=notrunc status=none")
                lines += try await whole(["verify", "models/tiny"], workspace, server)
                lines += try await whole(["tiny", "--source", server.baseURL], workspace, server)
                let host = server.baseURL.dropFirst("http://".count).dropLast()
                return lines.map {
                    $0.replacing(server.baseURL, with: mirror).replacing(host, with: "mirror.example")
                }
            }
        }
    }

    /// The first run: at a pause after a drop, some way on, and after Ctrl-C.
    private static func interrupted(_ workspace: Workspace, _ server: FaultServer) async throws -> [String] {
        let (terminal, child) = try start(["tiny", "--source", server.baseURL], workspace)
        // What has been on the screen is found there even if nobody looked at that moment.
        func moment(_ what: String, where condition: ([String]) -> Bool) async throws -> [String] {
            var lines: [String]?
            try await poll(what) {
                lines = try terminal.moment(columns: columns, rows: 40, where: condition)
                return lines != nil
            }
            return try #require(lines)
        }
        let pause = try await moment("the pause") { lines in
            lines.contains { $0.hasPrefix(data) && $0.contains(/waiting [1-4] s: 503/) }
                && lines.last?.contains(/^5 of 7 files .*B\/s/) == true
        }
        let later = try await moment("more bytes") { lines in
            lines.contains { $0.hasPrefix(data) && $0.contains(/450\.0\/698\.6 kB .* kB\/s/) }
        }
        terminal.type("\u{3}")
        try await child.wait()
        try await poll("the last words") { terminal.text.contains("command again to resume") }
        let after = try terminal.screen(columns: columns, rows: 40).lines
        return ["$ modelfetch tiny --source \(mirror)"] + pause + later.suffix(2) + ["^C"] + after.suffix(1)
    }

    private static func whole(
        _ arguments: [String], _ workspace: Workspace, _ server: FaultServer
    ) async throws -> [String] {
        let (terminal, child) = try start(arguments, workspace)
        try await child.wait()
        // What was written last is still on its way; each command has its own last line.
        var lines: [String] = []
        try await poll("the output") {
            lines = try terminal.screen(columns: columns, rows: 40).lines
            return lines.last?.contains(/^(done:|hint:|models\/tiny: tiny is complete)/) == true
        }
        return ["$ modelfetch " + arguments.joined(separator: " ")] + lines
    }

    private static func start(_ arguments: [String], _ workspace: Workspace) throws -> (PseudoTerminal, Child) {
        let terminal = try PseudoTerminal(columns: columns, rows: 40)
        let child = try workspace.start(
            arguments, environment: ["TERM": "xterm"], out: .terminal(terminal), err: .terminal(terminal))
        return (terminal, child)
    }

    private static func damage(_ path: String, at offset: UInt64) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try file.seek(toOffset: offset)
        try file.write(contentsOf: [0xFF])
        try file.close()
    }
}
