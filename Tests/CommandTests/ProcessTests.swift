import FaultServer
import Foundation
import Testing

/// Several runs at once, and the world around a run.
@Suite(.timeLimit(.minutes(10)))
struct ProcessTests {
    @Test func `of two runs on one directory one waits, and no byte is received twice`() async throws {
        try await withServer(script: [.on(path: "weights.bin", .hold(at: 100_000))]) { workspace, server in
            let arguments = workspace.download(from: server, "--connections", "1")
            let children = try (0..<2).map { _ in try workspace.start(arguments) }
            let words = " is working on \(workspace.directory): waiting for it to finish"
            try await poll("one of them to wait") { children.contains { $0.errorsSoFar.contains(words) } }
            // It names the process that it waits for.
            for (waiting, working) in [(children[0], children[1]), (children[1], children[0])]
            where waiting.errorsSoFar.contains(words) {
                #expect(waiting.errorsSoFar.contains("another modelfetch (process \(working.pid)) is working on"))
            }
            server.openGates()
            let results = [try await children[0].wait(), try await children[1].wait()]
            #expect(results.allSatisfy { $0.status == 0 })
            #expect(results.count { $0.err.contains(words) } == 1)
            #expect(server.bodyBytesSent == workspace.model.bytes)
            workspace.expectWhole()
        }
    }

    @Test func `of ten runs that do not wait, one does the work`() async throws {
        try await withServer(script: .always(.rate(300_000))) { workspace, server in
            var statuses: [Int32?] = []
            let arguments = workspace.download(from: server, "--no-wait", "--connections", "1")
            let children = try (0..<10).map { _ in try workspace.start(arguments) }
            for child in children { statuses.append(try await child.wait().status) }
            #expect(statuses.contains(0))
            #expect(statuses.allSatisfy { $0 == 0 || $0 == 75 }, "\(statuses)")
            #expect(server.bodyBytesSent == workspace.model.bytes)
            workspace.expectWhole()
        }
    }

    @Test func `ten runs that wait all succeed, without receiving a byte twice`() async throws {
        try await withServer(script: .always(.rate(400_000))) { workspace, server in
            let arguments = workspace.download(from: server, "--connections", "1")
            let children = try (0..<10).map { _ in try workspace.start(arguments) }
            for child in children {
                let result = try await child.wait()
                #expect(result.status == 0, "\(result.err)")
            }
            #expect(server.bodyBytesSent == workspace.model.bytes)
            workspace.expectWhole()
        }
    }

    @Test func `a lock file left by a killed run locks nothing`() async throws {
        try await withServer(script: [.on(path: "weights.bin", .hold(at: 100_000))]) {
            workspace, server in
            let child = try workspace.start(workspace.download(from: server))
            try await server.waitForStall(of: "weights.bin")
            child.kill(SIGKILL)
            try await child.wait()
            server.openGates()
            #expect(workspace.exists(".modelfetch/lock"))
            // As other tools' locks look: with the number of a process that lives.
            try workspace.write(Array("\(getpid())\n".utf8), to: "model/.modelfetch/lock")
            let result = try await workspace.run(workspace.download(from: server, "--no-wait"))
            #expect(result.status == 0, "\(result.err)")
            workspace.expectWhole()
        }
    }

    @Test func `two gigabytes of address space are enough`() async throws {
        let model = TestModel(["a.bin": 9_000_000, "b.bin": 9_000_000, "c.bin": 9_000_000, "d.bin": 9_000_000])
        try await withServer(model) { workspace, server in
            let script = #"ulimit -v 2097152; exec "$0" "$@""#
            for _ in 1...2 {
                let child = try workspace.startShell(script, workspace.download(from: server, "--recheck"))
                let result = try await child.wait()
                #expect(result.status == 0, "\(result.err)")
            }
            workspace.expectWhole()
        }
    }

    @Test(
        arguments: [
            (.closed, .closed), (.brokenPipe, .brokenPipe), (.closed, .captured), (.captured, .closed),
            (.file("/dev/full"), .file("/dev/full")), (.devNull, .brokenPipe),
        ] as [(Child.Stream, Child.Stream)])
    func `a run continues if its output is closed, and does not write it elsewhere`(
        out: Child.Stream, err: Child.Stream
    )
        async throws
    {
        let script: FaultScript = [.on(path: "weights.bin", request: 0, .drop(after: 100_000))]
        try await withServer(script: script) { workspace, server in
            let arguments = workspace.download(from: server, "--json", "--verbose", "--retry-delay", "0.01")
            let child = try workspace.start(arguments, out: out, err: err)
            // A full disk behind stdout is told at the end, when all is done; that nobody listens is the listener's choice.
            let isLost = if case .file = out { true } else { false }
            #expect(try await child.wait().ending == .exited(isLost ? 73 : 0))
            workspace.expectWhole()
            #expect(
                try await workspace.run("verify", workspace.directory, "--manifest", workspace.manifest).status == 0)
        }
    }

    @Test func `a run succeeds with stdin closed`() async throws {
        try await withServer { workspace, server in
            let child = try workspace.startShell(#"exec "$0" "$@" <&- >&- 2>&-"#, workspace.download(from: server))
            #expect(try await child.wait().status == 0)
            workspace.expectWhole()
        }
    }

    @Test(arguments: [false, true])
    func `a directory that is removed ends the run with 73`(isReplaced: Bool) async throws {
        try await withServer(script: [.on(path: "weights.bin", .hold(at: 50_000))]) {
            workspace, server in
            let child = try workspace.start(workspace.download(from: server))
            try await server.waitForStall(of: "weights.bin")
            if isReplaced {
                try FileManager.default.moveItem(atPath: workspace.directory, toPath: workspace.path + "/moved")
                try FileManager.default.createDirectory(atPath: workspace.directory, withIntermediateDirectories: false)
            } else {
                // The program may remove a name that is just being removed.
                try await poll("the directory's end") {
                    try? FileManager.default.removeItem(atPath: workspace.directory)
                    return !FileManager.default.fileExists(atPath: workspace.directory)
                }
            }
            server.openGates()
            let result = try await child.wait()
            #expect(result.status == 73)
            if isReplaced {
                #expect(result.err.contains("moved or replaced"), "\(result.err)")
            } else {
                #expect(result.err.contains("nothing is kept"), "\(result.err)")
                #expect(!result.err.contains("B is kept"), "\(result.err)")
            }
            // Nothing was made in what stands there now.
            #expect((FileManager.default.subpaths(atPath: workspace.directory) ?? []).isEmpty)
        }
    }

    @Test func `a model directory that is a symbolic link is followed, since the user typed it`() async throws {
        try await withServer { workspace, server in
            try FileManager.default.createDirectory(
                atPath: workspace.path + "/real", withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(atPath: workspace.directory, withDestinationPath: "real")
            #expect(try await workspace.run(workspace.download(from: server)).status == 0)
            #expect(FileManager.default.fileExists(atPath: workspace.path + "/real/checkpoint"))
            #expect(try await workspace.run("verify", workspace.directory).status == 0)
        }
    }

    @Test(
        arguments: [
            "config.json", "config.json.partial", ".modelfetch", ".modelfetch/lock", ".modelfetch/config.json.journal",
            ".modelfetch/receipts.json", ".modelfetch/manifest.json", "weights.bin.partial",
        ])
    func `no symbolic link inside the directory is followed`(name: String) async throws {
        try await withServer { workspace, server in
            let isDirectory = name == ".modelfetch"
            try workspace.write(Array("precious".utf8), to: isDirectory ? "outside/file" : "outside")
            let link = URL(fileURLWithPath: workspace.directory + "/" + name)
            try FileManager.default.createDirectory(
                at: link.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: link.path, withDestinationPath: workspace.path + "/outside")
            let before = workspace.listing().filter { $0.hasPrefix("outside") }
            let result = try await workspace.run(workspace.download(from: server))
            // What is only ever replaced, a receipt or the manifest's copy, is replaced; anything else stops the run.
            let isReplaced = [".modelfetch/receipts.json", ".modelfetch/manifest.json"].contains(name)
            #expect(isReplaced ? [0, 73].contains(result.status) : result.status == 73, "\(result.err)")
            if result.status == 73 { #expect(result.err.contains("symbolic link"), "\(result.err)") }
            #expect(workspace.listing().filter { $0.hasPrefix("outside") } == before)
            workspace.expectNothingWrong()
        }
    }
}
