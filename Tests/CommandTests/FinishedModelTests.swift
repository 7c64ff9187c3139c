import FaultServer
import Foundation
import Testing

/// Models that are whole: nothing has to be fetched or written for them.
@Suite(.timeLimit(.minutes(4)))
struct FinishedModelTests {
    @Test func `needs no source`() async throws {
        try await withServer { workspace, server in
            try await workspace.run(workspace.download(from: server))
            for more in [[], ["--recheck"], ["--dry-run"], ["--only", "*.json"]] {
                let result = try await workspace.run(["--manifest", workspace.manifest, workspace.directory] + more)
                #expect(result.status == 0, "\(more): \(result.err)")
            }
            try FileManager.default.removeItem(atPath: workspace.directory + "/config.json")
            for more in [[], ["--dry-run"]] {
                let result = try await workspace.run(["--manifest", workspace.manifest, workspace.directory] + more)
                #expect(result.status == 64 && result.err.contains("names no source"), "\(more): \(result.err)")
            }
            #expect(workspace.exists("checkpoint"), "nothing is withdrawn for a run that can do nothing")
        }
    }

    /// Runs `body` while nothing can be written in the model directory, by a mount of its own.
    private func readOnly(_ workspace: Workspace, _ body: () async throws -> Void) async throws {
        try await Tool.run("mount", "--bind", workspace.directory, workspace.directory)
        do {
            try await Tool.run("mount", "-o", "remount,bind,ro", workspace.directory)
            try await body()
        } catch {
            _ = try? await Tool.run("umount", "-l", workspace.directory)
            throw error
        }
        try await Tool.run("umount", "-l", workspace.directory)
    }

    @Test(
        .enabled(if: Privilege.canMountAndMakeNetworks, Comment(rawValue: Privilege.mountsAndNetworks)),
        arguments: [true, false])
    func `is enough on a read-only file system, with receipts and without`(hasReceipts: Bool) async throws {
        try await withServer { workspace, server in
            try await workspace.run(workspace.download(from: server))
            if !hasReceipts { try FileManager.default.removeItem(atPath: workspace.directory + "/.modelfetch") }
            let requests = server.log.count
            try await readOnly(workspace) {
                for more in [[], ["--recheck"], ["--json"]] {
                    let result = try await workspace.run(workspace.download(from: server) + more)
                    #expect(result.status == 0, "\(result.err)")
                }
                #expect(try await workspace.run("verify", "model", "--manifest", workspace.manifest).status == 0)
            }
            #expect(server.log.count == requests)
        }
    }

    @Test(
        .enabled(if: Privilege.canMountAndMakeNetworks, Comment(rawValue: Privilege.mountsAndNetworks)),
        arguments: ["missing", "damaged"])
    func `is not what a read-only file system holds that lacks something`(fault: String) async throws {
        try await withServer { workspace, server in
            try await workspace.run(workspace.download(from: server))
            try FileManager.default.removeItem(atPath: workspace.directory + "/.modelfetch")
            if fault == "missing" {
                try FileManager.default.removeItem(atPath: workspace.directory + "/config.json")
            } else {
                try workspace.write([UInt8](repeating: 7, count: 90), to: "model/config.json")
            }
            try await readOnly(workspace) {
                let result = try await workspace.run(workspace.download(from: server))
                #expect(result.status == 73, "\(result.err)")
                #expect(result.err.contains("Read-only file system"), "\(result.err)")
            }
        }
    }

    @Test(.enabled(if: !Program.isRoot, "root may write everywhere"))
    func `is enough where this user may not write`() async throws {
        try await withServer { workspace, server in
            try await workspace.run(workspace.download(from: server))
            try FileManager.default.removeItem(atPath: workspace.directory + "/.modelfetch")
            try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: workspace.directory)
            let result = try await workspace.run(workspace.download(from: server))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: workspace.directory)
            #expect(result.status == 0, "\(result.err)")
        }
    }
}
