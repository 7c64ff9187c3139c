import FaultServer
import Foundation
import Glibc
import Hashing
import Testing

/// Records that an attacker wrote: they may cost bytes, never truth.
@Suite(.timeLimit(.minutes(10)))
struct ForgeryTests {
    private static let model = TestModel(["weights.bin": 1_500_000, "checkpoint": 77], marker: "checkpoint")

    @Test func `a journal that claims wrong bytes costs those bytes`() async throws {
        // The program itself writes it, for a server that lies: every extent is on the disk, with the right checksum.
        var content = Self.model.content
        content.files["other.bin"] = .synthetic(size: 1_500_000, seed: 99)
        try await withWorkspace(Self.model) { workspace in
            let lie: FaultScript = [
                .on(path: "weights.bin", .content(of: "other.bin", keepValidators: true), .hold(at: 1_200_000))
            ]
            try await FaultServer.run(files: content, script: lie) { server in
                let child = try workspace.start(workspace.download(from: server))
                try await server.waitForStall(of: "weights.bin")
                try await poll("the bytes to be written") {
                    workspace.contents("weights.bin.partial")?.count == 1_200_000
                }
                child.kill(SIGINT)
                #expect(try await child.wait().ending == .killed(SIGINT))
                // The same address, and the same validators, so that nothing makes the bytes suspect.
                server.replace(script: .honest)
                let report = try await workspace.run(workspace.download(from: server, "--json")).report()
                #expect(report.bool("ok") == true)
                workspace.expectWhole()
                let file = try #require(report.files.first)
                #expect(file.int("bytes_downloaded") ?? .max <= 2 * 1_500_000)
                #expect(file.int("bytes_reused") == 0)
            }
        }
    }

    @Test(arguments: ["wrong bytes", "zeros", "a hole", "another file's journal", "random", "endless"])
    func `a journal and a partial that do not belong together give a right file`(forgery: String) async throws {
        let stall: FaultScript = [.on(path: "weights.bin", .hold(at: 1_200_000))]
        try await withServer(Self.model, script: stall) { workspace, server in
            let child = try workspace.start(workspace.download(from: server))
            try await server.waitForStall(of: "weights.bin")
            try await poll("the bytes to be written") { workspace.contents("weights.bin.partial")?.count == 1_200_000 }
            child.kill(SIGINT)
            #expect(try await child.wait().ending == .killed(SIGINT))
            server.openGates()
            let journal = "model/.modelfetch/weights.bin.journal"
            let partial = workspace.directory + "/weights.bin.partial"
            switch forgery {
            case "wrong bytes":
                try workspace.write([UInt8](repeating: 7, count: 1_500_000), to: "model/weights.bin.partial")
            case "zeros": try workspace.write([UInt8](repeating: 0, count: 9_000_000), to: "model/weights.bin.partial")
            case "a hole": #expect(truncate(partial, 0) == 0 && truncate(partial, 1 << 40) == 0)
            case "another file's journal":
                let other = workspace.contents(".modelfetch/checkpoint.journal") ?? [1, 2, 3]
                try workspace.write(other, to: journal)
            case "random":
                try workspace.write(ServedFile.synthetic(size: 5_000_000, seed: 3).read(0..<5_000_000), to: journal)
            default: #expect(truncate(workspace.path + "/" + journal, 1 << 40) == 0)
            }
            let result = try await workspace.run(workspace.download(from: server))
            #expect(result.status == 0, "\(result.ending) \(result.err)")
            workspace.expectWhole()
        }
    }

    /// Takes the place of a verified file, and of its receipt: with its real inode, times and size, and the manifest's digest or its
    /// own.
    private func forgeReceipt(_ workspace: Workspace, ofWrongBytes: Bool = false) throws {
        var bytes = try #require(workspace.contents("weights.bin"))
        bytes[700_000] ^= 1
        try workspace.write(bytes, to: "model/weights.bin")
        var status = stat()
        try #require(stat(workspace.directory + "/weights.bin", &status) == 0)
        let modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        let changed = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
        var receipts = try JSONLine(
            String(decoding: try #require(workspace.contents(".modelfetch/receipts.json")), as: UTF8.self)
        )
        .object
        var files = try #require(receipts["files"] as? [String: [String: Any]])
        files["weights.bin"] = [
            "sha256": ofWrongBytes ? digest(of: bytes).hex : Self.model.files[0].file.sha256.hex, "pinned": true,
            "size": bytes.count, "inode": status.st_ino, "mtime_ns": modified,
            "ctime_ns": changed,
        ]
        receipts["files"] = files
        try workspace.write(
            Array(try JSONSerialization.data(withJSONObject: receipts)), to: "model/.modelfetch/receipts.json")
    }

    @Test func `a receipt of a wrong file is believed neither by an audit nor by --recheck`() async throws {
        try await withServer(Self.model) { workspace, server in
            #expect(try await workspace.run(workspace.download(from: server)).status == 0)
            try forgeReceipt(workspace)
            // Whoever can write receipts can write files: a run that only skips what is done is taken in, and says so much.
            let skipped = try await workspace.run(workspace.download(from: server, "--json")).report()
            #expect(skipped.states["weights.bin"] == "skipped", "or the forgery is none")
            for arguments in [["verify", "model"], ["verify", "model", "--manifest", "test.json"]] {
                let audit = try await workspace.run(arguments + ["--json"])
                #expect(audit.status == 65)
                #expect(try audit.report().states["weights.bin"] == "damaged")
            }
            let rechecked = try await workspace.run(workspace.download(from: server, "--recheck", "--json")).report()
            #expect(rechecked.bool("ok") == true && rechecked.states["weights.bin"] == "repaired")
            workspace.expectWhole()
            #expect(try await workspace.run("verify", "model").status == 0)
        }
    }

    @Test func `a receipt with another digest than the manifest's is not believed by a download either`() async throws {
        try await withServer(Self.model) { workspace, server in
            #expect(try await workspace.run(workspace.download(from: server)).status == 0)
            try forgeReceipt(workspace, ofWrongBytes: true)
            let report = try await workspace.run(workspace.download(from: server, "--json")).report()
            #expect(report.bool("ok") == true && report.states["weights.bin"] == "repaired")
            workspace.expectWhole()
        }
    }

    @Test func `a forged copy of the manifest does not outweigh the manifest`() async throws {
        try await withServer(Self.model) { workspace, server in
            #expect(try await workspace.run(workspace.download(from: server)).status == 0)
            try forgeReceipt(workspace)
            let right = Self.model.files[0].file.sha256.hex
            let wrong = digest(of: try #require(workspace.contents("weights.bin"))).hex
            let copy = String(decoding: try #require(workspace.contents(".modelfetch/manifest.json")), as: UTF8.self)
            try workspace.write(Array(copy.replacing(right, with: wrong).utf8), to: "model/.modelfetch/manifest.json")
            // With nothing else at hand the copy is all there is, and the report says that it came from there.
            let alone = try await workspace.run("verify", "model", "--json").report()
            #expect(alone.string("manifest_source")?.contains("receipts in") == true)
            #expect(try await workspace.run("verify", "model", "--manifest", "test.json").status == 65)
        }
    }
}
