import FaultServer
import Foundation
import Testing

/// What a dry run foretells.
@Suite(.timeLimit(.minutes(4)))
struct DryRunTests {
    private static let model = TestModel(["weights.bin": 4_000_000, "config.json": 90])

    @Test func `what is resumed is what the journal claims, not the blocks that are reserved`() async throws {
        let script: FaultScript = [.on(path: "weights.bin", .hold(at: 1_000_000))]
        try await withServer(Self.model, script: script) { workspace, server in
            let child = try workspace.start(workspace.download(from: server))
            try await server.waitForStall(of: "weights.bin")
            // What the server has sent need not have been taken yet.
            let partial = workspace.path + "/model/weights.bin.partial"
            try await poll("bytes on the disk") {
                let attributes = try? FileManager.default.attributesOfItem(atPath: partial)
                return (attributes?[.size] as? Int ?? 0) > 0
            }
            child.kill(SIGINT)
            try await child.wait()
            server.openGates()
            let result = try await workspace.run(workspace.download(from: server, "--dry-run", "--json"))
            let planned = try #require(try result.events().first)
            let held = try #require(planned.int("bytes_held"))
            #expect(planned.string("action") == "resume")
            #expect((1...1_000_000).contains(held) && planned.int("bytes") == 4_000_000 - held)
            // The download itself reuses just as much.
            let download = try await workspace.run(workspace.download(from: server, "--json")).report()
            #expect(download.files.first?.int("bytes_reused") == held)
        }
    }

    @Test func `a large wrong file would be compared first, unless it may be replaced`() async throws {
        try await withServer(Self.model) { workspace, server in
            try workspace.write([UInt8](repeating: 1, count: 2_000_000), to: "model/weights.bin")
            try workspace.write([1], to: "model/config.json")
            let result = try await workspace.run(workspace.download(from: server, "--dry-run"))
            #expect(
                result.lines.first?.hasPrefix(
                    "weights.bin: a different file (2.0 MB) already exists; it would be compared with the source first")
                    == true, "\(result.out)")
            #expect(
                result.lines[1].contains("already exists; it would be replaced, and kept in .modelfetch/replaced"))
            let replacing = try await workspace.run(workspace.download(from: server, "--dry-run", "--replace"))
            #expect(replacing.lines.first?.contains("already exists; it would be replaced") == true, "\(replacing.out)")
            #expect(server.log.isEmpty)
        }
    }

    @Test func `the free space is known even if the directory does not exist yet`() async throws {
        try await withServer(Self.model) { workspace, server in
            for directory in ["not/here/yet", workspace.path + "/nor/here"] {
                let arguments = [
                    "--manifest", workspace.manifest, directory, "--source", server.baseURL, "--dry-run", "--json",
                ]
                let report = try await workspace.run(arguments).report()
                #expect(report.int("bytes_free") ?? 0 > 0 && report.bool("enough_space") == true)
                #expect(report.int("disk_needed") == Self.model.bytes)
            }
            #expect(workspace.listing().count == 1)
        }
    }

    @Test(.enabled(if: Privilege.canMountAndMakeNetworks, Comment(rawValue: Privilege.mountsAndNetworks)))
    func `a disk that is too small ends a dry run as it would end the run`() async throws {
        try await withServer(Self.model) { workspace, server in
            try FileManager.default.createDirectory(atPath: workspace.directory, withIntermediateDirectories: false)
            try await Tool.run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", workspace.directory)
            let plain = try await workspace.run(workspace.download(from: server, "--dry-run"))
            let json = try await workspace.run(workspace.download(from: server, "--dry-run", "--json"))
            let real = try await workspace.run(workspace.download(from: server))
            try await Tool.run("umount", "-l", workspace.directory)
            #expect(plain.status == 73 && plain.lines.last?.hasSuffix("free: not enough") == true, "\(plain.out)")
            #expect(try json.report().bool("enough_space") == false)
            #expect(real.status == 73 && server.log.isEmpty)
        }
    }
}
