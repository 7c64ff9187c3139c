import FaultServer
import Foundation
import Glibc
import Testing

/// Disks that lose what they took, and that cannot be read.
@Suite(
    .timeLimit(.minutes(10)), .enabled(if: NativeHelper.isAvailable, "needs Linux and a C compiler"))
struct DamageTests {
    private static let model = TestModel(["weights.bin": 1_500_000, "checkpoint": 77], marker: "checkpoint")

    /// Downloads until 1.2 MB of the large file are on the disk, and kills the run there.
    private func interrupt(_ workspace: Workspace, _ server: FaultServer, _ tampering: Tampering? = nil) async throws {
        server.replace(script: [.on(path: "weights.bin", .rate(4_000_000), .hold(at: 1_200_000))])
        let arguments = workspace.download(from: server, "--no-sync")
        let child = try await workspace.start(arguments, tampering)
        try await server.waitForStall(of: "weights.bin")
        // In small pieces, so that most of them are in the journal by now.
        try await poll("the bytes to be written") { workspace.contents("weights.bin.partial")?.count == 1_200_000 }
        child.kill(SIGKILL)
        try await child.wait()
        server.replace(script: .honest)
        workspace.expectNothingWrong()
    }

    @Test(arguments: [1, 3, 6])
    func `a write that was reported but not made is noticed by the next run`(number: Int) async throws {
        try await withServer(Self.model) { workspace, server in
            try await interrupt(
                workspace, server, Tampering(["pwrite"], .lie, number...number, path: "weights.bin.partial"))
            try #require(workspace.hits.count == 1)
            let before = server.bodyBytesSent
            let result = try await workspace.run(workspace.download(from: server, "--json"))
            let report = try result.report()
            #expect(result.out.contains("are not what was written"), "\(result.out)")
            #expect(report.int("exit_code") == 0)
            workspace.expectWhole()
            // The rest, what the kill cost, and the extent with the hole: not the whole file.
            #expect(report.states["weights.bin"] == "resumed")
            #expect(server.bodyBytesSent - before < Self.model.bytes)
        }
    }

    @Test(arguments: [1, 3, 5])
    func `a journal that lost a record costs bytes, but the file is right`(number: Int) async throws {
        try await withServer(Self.model) { workspace, server in
            try await interrupt(
                workspace, server, Tampering(["pwrite"], .lie, number...number, path: "weights.bin.journal"))
            try #require(workspace.hits.count == 1)
            let result = try await workspace.run(workspace.download(from: server, "--json"))
            let report = try result.report()
            #expect(report.int("exit_code") == 0, "\(result.err)")
            // The first write is the header's: without it the bytes are taken for another tool's. The third is the first
            // extent's, and what stands behind a torn record does not count; what stands before it does.
            #expect(report.states["weights.bin"] == (number == 3 ? "downloaded" : "resumed"))
            workspace.expectWhole()
        }
    }

    @Test func `bytes that a disk lost after hashing are found by verify and repaired`() async throws {
        try await withServer(Self.model) { workspace, server in
            let lie = Tampering(["pwrite"], .lie, 1...1, path: "weights.bin.partial")
            let result = try await workspace.run(workspace.download(from: server), lie)
            try #require(workspace.hits.count == 1)
            #expect(result.status == 0, "nobody can know yet: \(result.err)")
            let verify = ["verify", workspace.directory, "--manifest", workspace.manifest]
            #expect(try await workspace.run(verify).status == 65)
            let repaired = try await workspace.run(workspace.download(from: server, "--recheck"))
            #expect(repaired.status == 0, "\(repaired.err)")
            workspace.expectWhole()
            #expect(try await workspace.run(verify).status == 0)
        }
    }

    @Test(arguments: 0..<3)
    func `a read error ends a resumed run with 73 or does no harm, and costs no byte`(share: Int) async throws {
        try await withServer(Self.model) { workspace, server in
            try await interrupt(workspace, server)
            let template = workspace.path + "/interrupted"
            try FileManager.default.moveItem(atPath: workspace.directory, toPath: template)
            for number in stride(from: share + 1, to: 300, by: 3) {
                try FileManager.default.copyItem(atPath: template, toPath: workspace.directory)
                let earlier = server.requests(path: "weights.bin").count
                let arguments = workspace.download(from: server, "--no-sync")
                let result = try await workspace.run(
                    arguments, Tampering(["pread", "fstat", "fstatat", "fstatvfs"], .error(EIO), number...number))
                let hits = workspace.hits
                workspace.expectNothingWrong()
                #expect(result.status == 73 || result.status == 0, "\(hits): \(result.ending) \(result.err)")
                #expect(try await workspace.run(arguments).status == 0)
                workspace.expectWhole()
                // A claim that could not be read is neither right nor wrong: it is not given up.
                let requests = server.requests(path: "weights.bin").dropFirst(earlier)
                #expect(requests.allSatisfy { $0.rangeStart >= 900_000 }, "\(hits)")
                try FileManager.default.removeItem(atPath: workspace.directory)
                if hits.isEmpty {
                    #expect(number > 20 && result.status == 0)
                    return
                }
            }
            Issue.record("the end was not reached")
        }
    }
}
