import FaultServer
import Foundation
import Testing

/// Models that are whole: nothing has to be fetched or written for them.
@Suite(.timeLimit(.minutes(4)))
struct FinishedModelTests {
    @Test func `needs no source`() async throws {
        try await withServer { sandbox, server in
            try await sandbox.run(sandbox.download(from: server))
            for more in [[], ["--recheck"], ["--dry-run"], ["--only", "*.json"]] {
                let result = try await sandbox.run(["--manifest", sandbox.manifest, sandbox.directory] + more)
                #expect(result.status == 0, "\(more): \(result.err)")
            }
            try FileManager.default.removeItem(atPath: sandbox.directory + "/config.json")
            for more in [[], ["--dry-run"]] {
                let result = try await sandbox.run(["--manifest", sandbox.manifest, sandbox.directory] + more)
                #expect(result.status == 64 && result.err.contains("names no source"), "\(more): \(result.err)")
            }
            #expect(sandbox.exists("checkpoint"), "nothing is withdrawn for a run that can do nothing")
        }
    }

    /// Runs `body` while nothing can be written in the model directory, by a mount of its own.
    private func readOnly(_ sandbox: Sandbox, _ body: () async throws -> Void) async throws {
        try await Tool.run("mount", "--bind", sandbox.directory, sandbox.directory)
        do {
            try await Tool.run("mount", "-o", "remount,bind,ro", sandbox.directory)
            try await body()
        } catch {
            _ = try? await Tool.run("umount", "-l", sandbox.directory)
            throw error
        }
        try await Tool.run("umount", "-l", sandbox.directory)
    }

    @Test(
        .enabled(if: Privilege.canMountAndMakeNetworks, Comment(rawValue: Privilege.mountsAndNetworks)),
        arguments: [true, false])
    func `is enough on a read-only file system, with receipts and without`(hasReceipts: Bool) async throws {
        try await withServer { sandbox, server in
            try await sandbox.run(sandbox.download(from: server))
            if !hasReceipts { try FileManager.default.removeItem(atPath: sandbox.directory + "/.modelfetch") }
            let requests = server.log.count
            try await readOnly(sandbox) {
                for more in [[], ["--recheck"], ["--json"]] {
                    let result = try await sandbox.run(sandbox.download(from: server) + more)
                    #expect(result.status == 0, "\(result.err)")
                }
                #expect(try await sandbox.run("verify", "model", "--manifest", sandbox.manifest).status == 0)
            }
            #expect(server.log.count == requests)
        }
    }

    @Test(
        .enabled(if: Privilege.canMountAndMakeNetworks, Comment(rawValue: Privilege.mountsAndNetworks)),
        arguments: ["missing", "damaged"])
    func `is not what a read-only file system holds that lacks something`(fault: String) async throws {
        try await withServer { sandbox, server in
            try await sandbox.run(sandbox.download(from: server))
            try FileManager.default.removeItem(atPath: sandbox.directory + "/.modelfetch")
            if fault == "missing" {
                try FileManager.default.removeItem(atPath: sandbox.directory + "/config.json")
            } else {
                try sandbox.write([UInt8](repeating: 7, count: 90), to: "model/config.json")
            }
            try await readOnly(sandbox) {
                let result = try await sandbox.run(sandbox.download(from: server))
                #expect(result.status == 73, "\(result.err)")
                #expect(result.err.contains("Read-only file system"), "\(result.err)")
            }
        }
    }

    @Test(.enabled(if: !Program.isRoot, "root may write everywhere"))
    func `is enough where this user may not write`() async throws {
        try await withServer { sandbox, server in
            try await sandbox.run(sandbox.download(from: server))
            try FileManager.default.removeItem(atPath: sandbox.directory + "/.modelfetch")
            try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: sandbox.directory)
            let result = try await sandbox.run(sandbox.download(from: server))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: sandbox.directory)
            #expect(result.status == 0, "\(result.err)")
        }
    }
}
