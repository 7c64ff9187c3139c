import FaultServer
import Foundation
import Glibc
import Testing

/// File systems that forbid what they allowed a moment ago, and disks that take bytes and do not keep them.
@Suite(
    .timeLimit(.minutes(10)),
    .enabled(if: Privilege.canMountAndMakeNetworks, Comment(rawValue: Privilege.mountsAndNetworks)))
struct FileSystemTests {
    private static let model = TestModel(
        ["weights.bin": 400_000, "config.json": 90, "checkpoint": 77], marker: "checkpoint")

    /// Runs `body` with a small ext4 where the model belongs, whose disk is a sparse file on a tmpfs.
    private func withExt4(_ workspace: Workspace, _ body: (_ disk: String) async throws -> Void) async throws {
        let disk = workspace.path + "/disk"
        for directory in [disk, workspace.directory] {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        }
        try await Tool.run("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk)
        do {
            try await Tool.run("truncate", "-s", "16M", disk + "/image")
            try await Tool.run(
                "mkfs.ext4", "-q", "-b", "4096", "-O", "^has_journal", "-E", "nodiscard", disk + "/image")
            try await mountImage(workspace, disk)
            try await body(disk)
        } catch {
            _ = try? await Tool.run("umount", "-l", workspace.directory)
            _ = try? await Tool.run("umount", "-l", disk)
            throw error
        }
        // Another test's namespace may hold a copy of the mount for a while, and with it the image on the disk below.
        try await Tool.run("umount", "-l", workspace.directory)
        try await Tool.run("umount", "-l", disk)
    }

    private func mountImage(_ workspace: Workspace, _ disk: String) async throws {
        try await Tool.run("mount", "-o", "loop,errors=continue", disk + "/image", workspace.directory)
    }

    private func fill(_ path: String) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        let page = [UInt8](repeating: 7, count: 4096)
        while write(descriptor, page, page.count) > 0 {}
        close(descriptor)
    }

    @Test(.enabled(if: Program.has("mkfs.ext4"), "mkfs.ext4 is not installed"))
    func `bytes that the disk lost are never published`() async throws {
        // What comes later begins at a page of its own: a loop device that could write the beginning of a request and not the
        // rest says that all was written, and then fsync(2) has nothing to say.
        let script: FaultScript = [.on(path: "weights.bin", .hold(at: 48 * 4096))]
        try await withServer(Self.model, script: script) { workspace, server in
            try await withExt4(workspace) { disk in
                let child = try workspace.start(workspace.download(from: server))
                try await server.waitForStall(of: "weights.bin")
                try await poll("the bytes to be written") {
                    workspace.contents("weights.bin.partial")?.count == 48 * 4096
                }
                child.kill(SIGINT)
                #expect(try await child.wait().ending == .killed(SIGINT))
                server.openGates()
                // From now on the image cannot grow: ext4 takes every write, and the disk below it refuses them. What ext4
                // needs to find its files again is there by then.
                try await Tool.run("sync", "-f", workspace.directory)
                fill(disk + "/filler")
                let result = try await workspace.run(workspace.download(from: server))
                #expect(result.status == 73, "\(result.err)")
                #expect(result.err.contains("cannot flush it to disk"), "\(result.err)")
                #expect(!workspace.exists("weights.bin") && !workspace.exists("checkpoint"))

                // With room again, and with a page cache that knows nothing, as after a reboot.
                try FileManager.default.removeItem(atPath: disk + "/filler")
                try await Tool.run("umount", workspace.directory)
                // Whoever had such a disk would have it checked first; e2fsck(8) ends with 1 or 2 where it mended something.
                try await Tool.run("sh", "-c", "e2fsck -fy '\(disk)/image'; [ $? -le 2 ]")
                try await mountImage(workspace, disk)
                workspace.expectNothingWrong()
                let next = try await workspace.run(workspace.download(from: server))
                #expect(next.status == 0, "\(next.err)")
                try await Tool.run("umount", workspace.directory)
                try await mountImage(workspace, disk)
                workspace.expectWhole()
            }
        }
    }

    @Test(
        .enabled(if: Program.has("chattr"), "chattr is not installed"),
        arguments: ["config.json", "weights.bin.partial", ".", ".modelfetch"])
    func `what the file system holds fast ends the run with 73, and loosened it goes on`(held: String) async throws {
        let script: FaultScript = [.on(path: "weights.bin", .hold(at: 100_000))]
        try await withServer(Self.model, script: script) { workspace, server in
            // chattr(1) belongs to file systems of which a test may not have one; an ext4 of its own has it.
            try await withExt4(workspace) { _ in
                try workspace.write(Array("another one".utf8), to: "model/config.json")
                let path = "\(workspace.directory)/\(held)"
                func hold(_ flag: String) async throws { try await Tool.run("chattr", flag, path) }
                let arguments = workspace.download(from: server, "--connections", "1")
                if held == "config.json" {
                    // From the beginning.
                    server.openGates()
                    try await hold("+i")
                    #expect(try await workspace.run(arguments).status == 73)
                    #expect(workspace.contents(held) == Array("another one".utf8))
                } else {
                    // In the middle of a run, before it publishes.
                    let child = try workspace.start(arguments)
                    try await poll("a part of the large file") {
                        (workspace.contents("weights.bin.partial")?.count ?? 0) > 50_000
                    }
                    try await poll("the small file") {
                        workspace.contents("config.json").map { digest(of: $0) } == Self.model.files[1].file.sha256
                    }
                    try await hold("+i")
                    server.openGates()
                    let result = try await child.wait()
                    #expect(result.status == 73, "\(result.err)")
                    #expect(result.err.contains("Operation not permitted"), "\(result.err)")
                    workspace.expectNothingWrong()
                    #expect(!workspace.exists("checkpoint"))
                }
                try await hold("-i")
                let next = try await workspace.run(workspace.download(from: server))
                #expect(next.status == 0, "\(next.err)")
                workspace.expectWhole()
                // What came before it was held came once: later requests, of which there are more on a slow machine, ask for the rest.
                let later = server.requests(path: "weights.bin").dropFirst().map { $0.header("Range") ?? "whole" }
                #expect(later.allSatisfy { $0.hasPrefix("bytes=") && !$0.hasPrefix("bytes=0-") }, "\(later)")
            }
        }
    }
}
