import FaultServer
import Foundation
import Testing

/// Disks that are full, read-only or limited: 73, in words, and what came is kept.
@Suite(.timeLimit(.minutes(10)))
struct DiskTests {
    /// Mounts a small file system of its own where the model belongs.
    private func withMount(_ options: String, _ workspace: Workspace, _ body: () async throws -> Void) async throws {
        try FileManager.default.createDirectory(atPath: workspace.directory, withIntermediateDirectories: false)
        try await Tool.run("mount", "-t", "tmpfs", "-o", options, "tmpfs", workspace.directory)
        do {
            try await body()
        } catch {
            try await Tool.run("umount", "-l", workspace.directory)
            throw error
        }
        try await Tool.run("umount", "-l", workspace.directory)
    }

    @Test(.enabled(if: Program.isRoot, "mounting takes root"))
    func `a disk that is too small is reported before the first byte`() async throws {
        try await withServer { workspace, server in
            try await withMount("size=128k", workspace) {
                let result = try await workspace.run(workspace.download(from: server))
                #expect(result.status == 73)
                #expect(result.err.contains("300.2 kB are needed and "), "\(result.err)")
                #expect(result.err.contains(" are free; nothing was fetched"))
                #expect(result.err.contains("hint: free some space"))
                #expect(server.log.isEmpty)
            }
        }
    }

    @Test(.enabled(if: Program.isRoot, "mounting takes root"))
    func `a disk that fills up ends the run with 73, and received bytes are kept`() async throws {
        // Four files get their space when they are answered, and are held until the disk is full. The fifth one is answered only then,
        // and finds none left.
        let model = TestModel(["a": 200_000, "b": 190_000, "c": 180_000, "d": 170_000, "e": 100_000])
        let script: FaultScript = [.on(.hold(at: 10_000)), .on(path: "e", .status(503))]
        try await withServer(model, script: script) { workspace, server in
            try await withMount("size=1200k", workspace) {
                let child = try workspace.start(
                    workspace.download(
                        from: server, "--connections", "4", "--retries", "100000", "--retry-delay", "0.01"))
                try await poll("some bytes of each") {
                    ["a", "b", "c", "d"].allSatisfy { workspace.contents($0 + ".partial")?.isEmpty == false }
                }
                let filler = workspace.directory + "/filler"
                let descriptor = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
                let page = [UInt8](repeating: 7, count: 4096)
                while write(descriptor, page, page.count) > 0 {}
                close(descriptor)
                server.replace(script: .honest)
                server.openGates()
                let result = try await child.wait()
                #expect(result.status == 73)
                #expect(
                    result.err.contains(" are needed and ") && result.err.contains(" are free"), "\(result.err)")
                workspace.expectNothingWrong()
                try FileManager.default.removeItem(atPath: filler)
                #expect(try await workspace.run(workspace.download(from: server)).status == 0)
                workspace.expectWhole()
                let sent = server.log.map { "\($0.path) \($0.header("Range") ?? "whole") \($0.bodyBytesSent)" }
                // All of the fifth, and on a machine that stands still for long the first bytes of the others once more.
                #expect(server.bodyBytesSent <= model.bytes + 150_000, "\(sent)")
            }
        }
    }

    @Test(.enabled(if: Program.isRoot, "mounting takes root"))
    func `a read-only directory takes no download, and is audited all the same`() async throws {
        try await withServer { workspace, server in
            try await withMount("size=2m", workspace) {
                #expect(try await workspace.run(workspace.download(from: server)).status == 0)
                try await Tool.run("mount", "-o", "remount,ro", workspace.directory)
                #expect(try await workspace.run("verify", workspace.directory).status == 0)
                // All is there: nothing has to be written.
                #expect(try await workspace.run(workspace.download(from: server, "--recheck")).status == 0)
                try await Tool.run("mount", "-o", "remount,rw", workspace.directory)
                try FileManager.default.removeItem(atPath: workspace.directory + "/config.json")
                try await Tool.run("mount", "-o", "remount,ro", workspace.directory)
                let result = try await workspace.run(workspace.download(from: server))
                #expect(result.status == 73)
                #expect(result.err.contains("Read-only file system"), "\(result.err)")
            }
        }
    }

    @Test(.enabled(if: Program.isRoot, "mounting takes root"), arguments: [2, 4, 6, 8])
    func `a file system without free inodes is not reported as out of space`(inodes: Int) async throws {
        try await withServer { workspace, server in
            // The first inode is the root's.
            try await withMount("size=4m,nr_inodes=\(inodes)", workspace) {
                let result = try await workspace.run(workspace.download(from: server))
                #expect(result.status == 73, "\(result.err)")
                #expect(result.err.contains("the file system has no inodes left"), "\(result.err)")
                #expect(result.err.contains("hint: remove files"), "\(result.err)")
                #expect(!result.err.contains("are needed"), "\(result.err)")
                workspace.expectNothingWrong()
                try await Tool.run("mount", "-o", "remount,nr_inodes=100", workspace.directory)
                #expect(try await workspace.run(workspace.download(from: server)).status == 0)
            }
        }
    }

    @Test func `a file size limit ends the run with 73 and not with a signal`() async throws {
        try await withServer { workspace, server in
            // In blocks of 512 bytes.
            let child = try workspace.startShell(#"ulimit -f 200; exec "$0" "$@""#, workspace.download(from: server))
            let result = try await child.wait()
            #expect(result.ending == .exited(73))
            #expect(result.err.contains("error: weights.bin: "), "\(result.err)")
            #expect(result.err.contains("File too large") || result.err.contains("limit"), "\(result.err)")
            #expect(workspace.exists("config.json"))
            #expect(try await workspace.run(workspace.download(from: server)).status == 0)
        }
    }
}
