import FaultServer
import Foundation
import Testing

/// SIGINT, SIGTERM and SIGHUP: a prompt end, by the signal itself, and nothing lost.
@Suite(.timeLimit(.minutes(10)))
struct SignalTests {
    static let model = TestModel(["weights.bin": 2_000_000, "config.json": 90, "checkpoint": 77], marker: "checkpoint")
    /// Slow enough that a signal comes in the middle of the large file.
    static let slow: FaultScript = [.on(path: "weights.bin", .rate(600_000))]
    /// Comes to a stop in the middle of the large file.
    static let stalling: FaultScript = [.on(path: "weights.bin", .hold(at: 500_000))]

    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
    func `a download dies by the signal that ends it, and received bytes are kept`(signal: Int32, status: Int32)
        async throws
    {
        try await withServer(Self.model, script: Self.stalling) { workspace, server in
            // The stall would end it, too, but not before the test is given up.
            let child = try workspace.start(workspace.download(from: server, "--json", "--stall-timeout", "3600"))
            try await server.waitForStall(of: "weights.bin")
            try await workspace.waitUntilWritten(500_000, of: "weights.bin")
            child.kill(signal)
            let result = try await child.wait()
            #expect(result.ending == .killed(signal))
            #expect(result.err.contains("interrupted") && result.err.contains("run the same command again"))
            let report = try result.report()
            #expect(report.int("exit_code") == Int64(status) && report.bool("ok") == false)
            workspace.expectNothingWrong()

            server.replace(script: .honest)
            #expect(try await workspace.run(workspace.download(from: server)).status == 0)
            workspace.expectWhole()
            #expect(server.bodyBytesSent == Self.model.bytes)
        }
    }

    @Test func `a second signal ends at once even a run that cannot go on`() async throws {
        try await withServer(Self.model, script: Self.slow) { workspace, server in
            // A full pipe on stdout that nobody reads: the first event blocks, and with it everything that waits for it.
            let fifo = workspace.path + "/fifo"
            #expect(mkfifo(fifo, 0o600) == 0)
            let pipe = open(fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC)
            defer { close(pipe) }
            let page = [UInt8](repeating: 32, count: 4096)
            while write(pipe, page, page.count) > 0 {}
            let child = try workspace.start(workspace.download(from: server, "--json"), out: .file(fifo))
            try await poll("the lock") { workspace.exists(".modelfetch/lock") }
            child.kill(SIGINT)
            // The first one is taken in before the second one comes; a pause is all that can be seen of that from outside.
            try await Task.sleep(for: .milliseconds(300))
            #expect(child.isRunning)
            child.kill(SIGINT)
            #expect(try await child.wait().ending == .killed(SIGINT))
        }
    }

    @Test func `SIGHUP that was ignored at the start stays ignored, as under nohup`() async throws {
        try await withServer(Self.model, script: Self.stalling) { workspace, server in
            let child = try workspace.startShell(
                #"trap '' HUP; exec "$0" "$@""#, workspace.download(from: server))
            try await server.waitForStall(of: "weights.bin")
            child.kill(SIGHUP)
            server.openGates()
            #expect(try await child.wait().status == 0)
            workspace.expectWhole()
        }
    }

    @Test func `SIGINT ends a run in the background of a script, too`() async throws {
        try await withServer(Self.model, script: Self.stalling) { workspace, server in
            let child = try workspace.startShell(#"trap '' INT; exec "$0" "$@""#, workspace.download(from: server))
            try await server.waitForStall(of: "weights.bin")
            child.kill(SIGINT)
            #expect(try await child.wait().ending == .killed(SIGINT))
        }
    }

    @Test func `a signal ends the wait for another run`() async throws {
        try await withServer(Self.model, script: Self.stalling) { workspace, server in
            let first = try workspace.start(workspace.download(from: server))
            try await server.waitForStall(of: "weights.bin")
            let second = try workspace.start(workspace.download(from: server))
            try await second.waitForErrors { $0.contains("waiting for it") }
            second.kill(SIGTERM)
            #expect(try await second.wait().ending == .killed(SIGTERM))
            first.kill(SIGKILL)
            try await first.wait()
        }
    }

    @Test func `an audit of several directories is interrupted as a whole`() async throws {
        try await withWorkspace { workspace in
            let size: Int64 = 64 << 30
            let zeros = String(repeating: "0", count: 64)
            let manifest =
                #"{"format": "modelfetch-manifest/1", "name": "huge", "sources": [], "files": "#
                + #"[{"path": "huge.bin", "size": \#(size), "sha256": "\#(zeros)"}]}"#
            try workspace.write(Array(manifest.utf8), to: "huge.json")
            for directory in ["one", "two"] {
                // All hole: nothing is stored, and it takes long to hash.
                try workspace.write([], to: "\(directory)/huge.bin")
                #expect(truncate("\(workspace.path)/\(directory)/huge.bin", off_t(size)) == 0)
            }
            let child = try workspace.start(["verify", "--json", "--manifest", "huge.json", "one", "two"])
            let descriptors = "/proc/\(child.pid)/fd"
            try await poll("the file to be opened") {
                let names = (try? FileManager.default.contentsOfDirectory(atPath: descriptors)) ?? []
                return names.contains {
                    (try? FileManager.default.destinationOfSymbolicLink(atPath: descriptors + "/" + $0))?.hasSuffix(
                        "huge.bin")
                        == true
                }
            }
            child.kill(SIGINT)
            let result = try await child.wait()
            #expect(result.ending == .killed(SIGINT))
            let events = try result.events()
            #expect(events.map(\.event) == ["report", "report", "summary"])
            #expect(events.allSatisfy { $0.int("exit_code") == 130 })
        }
    }

    @Test func `a loop in a shell ends with the program when Ctrl-C ends it`() async throws {
        try await withServer(Self.model, script: Self.stalling) {
            workspace, server in
            // A shell that sees the program die by SIGINT ends itself, if it got the signal, too, as from a terminal.
            let script = #"trap 'exit 7' INT; for i in 1 2 3; do "$0" "$@"; echo "$?"; done"#
            let child = try workspace.startShell(script, workspace.download(from: server))
            try await server.waitForStall(of: "weights.bin")
            let program = try #require(Self.children(of: child.pid).first)
            #expect(kill(program, SIGINT) == 0)
            child.kill(SIGINT)
            let result = try await child.wait()
            #expect(result.status == 7 && (result.lines == ["130"] || result.lines.isEmpty), "\(result)")
        }
    }

    @Test func `a signal between two audits prevents the next one`() async throws {
        try await withServer { workspace, server in
            #expect(try await workspace.run(workspace.download(from: server)).status == 0)
            // A full pipe on stdout: the first report waits, and with it the second audit.
            let fifo = workspace.path + "/fifo"
            #expect(mkfifo(fifo, 0o600) == 0)
            let pipe = open(fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC)
            defer { close(pipe) }
            let page = [UInt8](repeating: 32, count: 4096)
            while write(pipe, page, page.count) > 0 {}
            let arguments = ["verify", "--json", workspace.directory, workspace.directory]
            let child = try workspace.start(arguments, out: .file(fifo))
            try await poll("the report to wait") { Self.waitsToWrite(child.pid) }
            // The thread that signals are told to reads from a pipe. It has acted on one when it has run and reads again.
            try await poll("the thread for signals to read") { Self.readers(child.pid).count == 1 }
            let before = Self.readers(child.pid)
            child.kill(SIGINT)
            try await poll("the signal to be acted on") {
                let now = Self.readers(child.pid)
                return now.keys == before.keys && now != before
            }
            #expect(child.isRunning)
            var text: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while child.isRunning {
                let count = read(pipe, &buffer, buffer.count)
                if count > 0 { text += buffer[..<count] } else { try await Task.sleep(for: .milliseconds(5)) }
            }
            #expect(try await child.wait().ending == .killed(SIGINT))
            while case let count = read(pipe, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
            let lines = try String(decoding: text, as: UTF8.self).split(separator: "\n").map {
                try JSONLine($0.drop { $0 == " " })
            }
            #expect(lines.map(\.event) == ["report", "report", "summary"])
            #expect(lines.map { $0.int("exit_code") } == [0, 130, 130])
        }
    }

    private static func children(of pid: pid_t) -> [pid_t] {
        let path = "/proc/\(pid)/task/\(pid)/children"
        let text = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
        return text.split(separator: " ").compactMap { pid_t($0) }
    }

    /// Whether one of its threads waits in write(2) for room in a pipe.
    private static func waitsToWrite(_ pid: pid_t) -> Bool {
        threads(pid).contains { waits(pid, $0, in: "pipe_write") }
    }

    /// The threads that wait in read(2) for what comes through a pipe, and how often each of them has waited for anything so far.
    private static func readers(_ pid: pid_t) -> [String: String] {
        var readers: [String: String] = [:]
        for thread in threads(pid) where waits(pid, thread, in: "pipe_read") {
            let status = text("/proc/\(pid)/task/\(thread)/status")
            readers[thread] = status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches") }.map(
                String.init)
        }
        return readers
    }

    private static func threads(_ pid: pid_t) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
    }

    /// Whether a thread waits in a function of the kernel's.
    private static func waits(_ pid: pid_t, _ thread: String, in function: String) -> Bool {
        text("/proc/\(pid)/task/\(thread)/wchan").contains(function)
    }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    @Test func `a run that was stopped goes on after the server has gone`() async throws {
        let script: FaultScript = [
            .on(path: "weights.bin", .hold(at: 300_000)),
            .on(path: "weights.bin", requests: 0...1, .drop(after: 900_000)),
        ]
        try await withServer(Self.model, script: script) { workspace, server in
            let child = try workspace.start(
                workspace.download(from: server, "--retry-delay", "0.01", "--connections", "1"))
            try await server.waitForStall(of: "weights.bin")
            child.kill(SIGSTOP)
            server.openGates()
            try await server.wait { log in log.contains { $0.ending == .dropped } }
            child.kill(SIGCONT)
            #expect(try await child.wait().status == 0)
            workspace.expectWhole()
            // What the kernel had taken for the stopped process was not lost.
            #expect(server.bodyBytesSent == Self.model.bytes)
        }
    }
}
