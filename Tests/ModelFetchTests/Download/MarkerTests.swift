import FaultServer
import Synchronization
import Testing

@testable import ModelFetch

@Suite(.timeLimit(.minutes(10))) struct `The marker of a model` {
    private func run(
        _ harness: Harness, only patterns: [String] = [], script: FaultScript = .honest,
        _ body: (Harness.Outcome, FaultServer) throws -> Void
    ) async throws {
        let setup = Harness.Setup { $0.options.selection = Selection(patterns: patterns) }
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            try body(await harness.run(server, setup: setup), server)
        }
    }

    @Test func `gets its name last, when every other file has its own`() async throws {
        let harness = try Harness(.checkpoint)
        let seen = Mutex<[[String]]>([])
        let folder = harness.folder
        try await FaultServer.run(files: harness.model.content) { server in
            let outcome = try await harness.run(server) { event in
                guard case .phase("checkpoint", .publishing) = event else { return }
                let names = folder.names
                seen.withLock { $0.append(names) }
            }
            #expect(outcome.report.files.map(\.state) == [.downloaded, .downloaded, .downloaded, .downloaded])
            #expect(outcome.finished.last == "checkpoint")
        }
        #expect(
            seen.withLock { $0 }
                == [[".modelfetch", "checkpoint.partial", "hparams.json", "model.data", "vocab.bpe"]])
    }

    @Test func `is held while a file fails, and comes without a further byte once that one is there`() async throws {
        let harness = try Harness(.checkpoint)
        try await run(harness, script: [.on(path: "vocab.bpe", .status(503))]) { outcome, _ in
            #expect(outcome.report.kind == .unavailable)
            #expect(outcome.state("checkpoint") == .held)
            #expect(harness.folder.has("checkpoint.partial"))
        }
        try await run(harness) { outcome, server in
            #expect(outcome.report.files.map(\.state) == [.resumed, .skipped, .skipped, .downloaded])
            #expect(server.log.map(\.path) == ["vocab.bpe"])
        }
    }

    @Test func `is held without failure under --only, and released by whoever completes the rest`() async throws {
        let harness = try Harness(.checkpoint)
        try await run(harness, only: ["checkpoint", "*.json"]) { outcome, _ in
            #expect(outcome.report.isOK)
            #expect(outcome.report.files.map(\.state) == [.held, .downloaded])
            #expect(harness.folder.names == [".modelfetch", "checkpoint.partial", "hparams.json"])
        }
        try await run(harness, only: ["model.data"]) { outcome, _ in
            #expect(outcome.report.isOK && !harness.folder.has("checkpoint"))
        }
        // The marker is not among the files that were asked for, and still it is this run that makes the model whole.
        try await run(harness, only: ["vocab.bpe"]) { outcome, _ in
            #expect(outcome.report.files.map(\.path) == ["vocab.bpe"])
            #expect(harness.folder.names == [".modelfetch", "checkpoint", "hparams.json", "model.data", "vocab.bpe"])
        }
    }

    @Test func `is not fetched when it was not asked for`() async throws {
        let harness = try Harness(.checkpoint)
        try await run(harness, only: ["[!c]*"]) { outcome, server in
            #expect(outcome.report.isOK && outcome.report.files.count == 3)
            #expect(server.requests(path: "checkpoint").isEmpty && !harness.folder.has("checkpoint.partial"))
        }
    }

    @Test func `steps back while a missing file comes, and is said to have been there`() async throws {
        let harness = try Harness(.checkpoint)
        try harness.folder.put(harness.model, but: ["vocab.bpe"])
        let seen = Mutex<[Bool]>([])
        let folder = harness.folder
        try await FaultServer.run(files: harness.model.content) { server in
            let outcome = try await harness.run(server) { event in
                guard case .phase("vocab.bpe", .connecting) = event else { return }
                let isThere = folder.has("checkpoint")
                seen.withLock { $0.append(isThere) }
            }
            #expect(outcome.report.files.map(\.state) == [.skipped, .skipped, .skipped, .downloaded])
            #expect(outcome.report.bytesReused == 0)
            #expect(server.log.map(\.path) == ["vocab.bpe"])
        }
        #expect(seen.withLock { $0 } == [false])
        #expect(folder.has("checkpoint") && !folder.has("checkpoint.partial"))
    }

    @Test func `stays away when the missing file does not come, and returns when it does`() async throws {
        let harness = try Harness(.checkpoint)
        try harness.folder.put(harness.model, but: ["vocab.bpe"])
        try await run(harness, script: .always(.status(404))) { outcome, _ in
            #expect(outcome.report.files.map(\.state) == [.held, .skipped, .skipped, .failed])
            #expect(!harness.folder.has("checkpoint") && harness.folder.has("checkpoint.partial"))
        }
        try await run(harness) { outcome, _ in #expect(outcome.report.isOK && harness.folder.has("checkpoint")) }
    }

    @Test func `steps back under --only, too, and stays away until the model is whole`() async throws {
        let harness = try Harness(.checkpoint)
        try harness.folder.put(harness.model, but: ["vocab.bpe", "hparams.json"])
        try await run(harness, only: ["vocab.bpe"]) { outcome, _ in
            #expect(outcome.report.isOK && !harness.folder.has("checkpoint"))
        }
        try await run(harness, only: ["hparams.json"]) { outcome, server in
            #expect(outcome.report.isOK && harness.folder.has("checkpoint"))
            #expect(server.log.map(\.path) == ["hparams.json"])
        }
    }

    @Test func `is put right when it is wrong itself`() async throws {
        let harness = try Harness(.checkpoint)
        try harness.folder.put(harness.model)
        try harness.folder.put("model_checkpoint_path: \"moby\"".utf8, "checkpoint")
        try await run(harness) { outcome, _ in
            #expect(outcome.report.files.map(\.state) == [.repaired, .skipped, .skipped, .skipped])
        }
    }

    @Test(arguments: [true, false])
    func `stays away, and the run fails, when a file that was right is not any more at the end`(
        isFile: Bool
    ) async throws {
        let harness = try Harness(.checkpoint)
        try harness.folder.put(harness.model, but: ["checkpoint"])
        let folder = harness.folder
        try await FaultServer.run(files: harness.model.content) { server in
            let report = try await harness.runUnchecked(server) { event in
                guard case .phase("checkpoint", .connecting) = event else { return }
                #expect(throws: Never.self) {
                    try folder.remove("model.data")
                    try folder.put("other bytes".utf8, isFile ? "model.data" : "model.data/in its place")
                }
            }
            #expect(!report.isOK)
            let failures = report.files.compactMap { $0.failure.map(String.init(describing:)) }
            #expect(failures.contains { $0.contains("model.data") }, "\(report.files)")
        }
        #expect(!folder.has("checkpoint") && folder.has("checkpoint.partial"))
    }
}
