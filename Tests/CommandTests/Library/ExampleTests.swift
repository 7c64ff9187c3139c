import FaultServer
import Foundation
import Testing

/// Examples/Fetch, which uses no more of the library than another package could.
@Suite(.timeLimit(.minutes(10))) struct `The example` {
    private static let tiny = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/tiny").path

    private static func run(_ arguments: String..., in workspace: Workspace) async throws -> Child.Result {
        let program = Program.built + "/fetch-example"
        return try await Child(program, arguments, environment: workspace.environment, directory: workspace.path).wait()
    }

    @Test func `downloads a model and shows how far it is`() async throws {
        try await withWorkspace { workspace in
            // Now and then a connection drops.
            let script: FaultScript = [.on(path: "model.ckpt.meta", request: 0, .drop(after: 500_000))]
            try await FaultServer.run(files: .directory(Self.tiny), script: script) { server in
                let result = try await Self.run("tiny", "models/tiny", "600", server.baseURL, in: workspace)
                #expect(result.status == 0 && result.err == "")
                #expect(result.lines.first == "tiny into models/tiny: 7 files")
                let percentages = result.lines.compactMap { $0.hasSuffix(" %") ? Int($0.dropLast(2)) : nil }
                #expect(percentages == percentages.sorted() && percentages.last == 100)
                #expect(result.out.contains("; again in "))
                #expect(result.out.contains("checkpoint: downloaded, SHA-256 dd1b025d2e15"))
                #expect(result.lines.last == "all 7 files are verified")
            }
            for name in try FileManager.default.contentsOfDirectory(atPath: Self.tiny) {
                let path = workspace.path + "/models/tiny/" + name
                #expect(FileManager.default.contentsEqual(atPath: path, andPath: Self.tiny + "/" + name), "\(name)")
            }
        }
    }

    @Test func `stops when its time is up, and goes on the next time`() async throws {
        try await withWorkspace { workspace in
            let slow: FaultScript = [.on(path: "model.ckpt.meta", .hold(at: 300_000))]
            try await FaultServer.run(files: .directory(Self.tiny), script: slow) { server in
                let first = try await Self.run("tiny", "model", "2", server.baseURL, in: workspace)
                #expect(first.status == 75 && first.err.contains("time is up"))
                // On a machine that is busy enough nothing may have come by then.
                server.openGates()
                let partial = workspace.contents("model.ckpt.meta.partial") ?? []
                let second = try await Self.run("tiny", "model", "600", server.baseURL, in: workspace)
                let state = partial.contains { $0 != 0 } ? "resumed" : "downloaded"
                #expect(second.status == 0 && second.out.contains("model.ckpt.meta: \(state)"))
            }
        }
    }

    @Test func `says what went wrong`() async throws {
        try await withWorkspace { workspace in
            let unknown = try await Self.run("125M", "model", in: workspace)
            #expect(unknown.status == 64 && unknown.err.contains("gpt2-124M"))
            let homeless = try await Self.run("tiny", "model", in: workspace)
            #expect(homeless.status == 64 && homeless.err.contains("names no source; say where"))
        }
    }
}
