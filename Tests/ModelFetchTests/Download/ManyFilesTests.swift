import FaultServer
import Storage
import Testing
import Threads

@testable import ModelFetch

@Suite(.timeLimit(.minutes(10))) struct `A download of many files` {
    private static let many = TestModel(
        files: (0..<40).map { .init("part-\($0)", TestModel.synthetic(1000 + ($0 * 37) % 40 * 100, seed: 7)) })

    @Test func `takes the largest first`() async throws {
        let harness = try Harness(.checkpoint)
        try await FaultServer.run(files: harness.model.content) { server in
            let outcome = try await harness.run(server, setup: .init { $0.options.concurrentFiles = 1 })
            #expect(outcome.report.isOK)
            #expect(server.log.map(\.path) == ["model.data", "vocab.bpe", "checkpoint", "hparams.json"])
        }
    }

    @Test(arguments: [1, 2, 4])
    func `works on so many at once, over as many connections`(count: Int) async throws {
        let harness = try Harness(Self.many)
        try await FaultServer.run(files: harness.model.content) { server in
            let outcome = try await harness.run(server, setup: .init { $0.options.concurrentFiles = count })
            #expect(outcome.report.isOK && server.log.count == 40)
            #expect(server.connectionCount <= count)
            #expect(outcome.report.bytesDownloaded == server.bodyBytesSent)
        }
    }

    /// While a large file is under way, further small ones begin, up to their own number.
    @Test func `works on more small files than large ones`() async throws {
        let small = (0..<6).map { TestModel.File("small-\($0)", TestModel.synthetic(1000, seed: UInt64($0))) }
        let large = TestModel.File("large", TestModel.synthetic(1_200_000, seed: 9))
        let harness = try Harness(TestModel(files: [large] + small))
        let script: FaultScript = [.on(.gate(after: 500))]
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            let setup = Harness.Setup {
                ($0.options.concurrentFiles, $0.options.concurrentSmallFiles, $0.options.connections) = (1, 3, 4)
            }
            let counts = Lock((begun: Set<String>(), most: 0, ended: 0))
            let outcome = try await harness.run(server, setup: setup) { event in
                let underWay = counts.withLock { counts in
                    if case .phase(let path, .connecting) = event { counts.begun.insert(path) }
                    if case .finished = event { counts.ended += 1 }
                    counts.most = max(counts.most, counts.begun.count - counts.ended)
                    return counts.begun.count - counts.ended
                }
                if underWay == 3 { server.openGates() }
            }
            #expect(outcome.report.isOK && server.log.count == 7)
            #expect(counts.withLock { $0.most } == 3)
        }
    }

    @Test func `keeps a second file going while the first one stands still`() async throws {
        let harness = try Harness(.checkpoint)
        let script: FaultScript = [.on(path: "model.data", .gate(after: 1000))]
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            let setup = Harness.Setup { $0.options.connections = 2 }
            let outcome = try await harness.run(server, setup: setup) { event in
                if case .finished(let report) = event, report.path == "hparams.json" { server.openGates() }
            }
            #expect(outcome.report.isOK)
            #expect(outcome.finished == ["vocab.bpe", "hparams.json", "model.data", "checkpoint"])
        }
    }

    /// What is refused while the others stand still is not refused because of their number.
    @Test(arguments: [429, 503])
    func `retries a refused file while another one stands still`(status: Int) async throws {
        let harness = try Harness(.checkpoint)
        let script: FaultScript = [
            .on(path: "model.data", .gate(after: 1000)), .on(path: "vocab.bpe", request: 0, .status(status)),
        ]
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            let setup = Harness.Setup { $0.options.connections = 4 }
            let outcome = try await harness.run(server, setup: setup) { event in
                if case .finished(let report) = event, report.path == "vocab.bpe" { server.openGates() }
            }
            #expect(outcome.report.isOK)
        }
    }

    @Test func `does not take the refusals of one file for a limit of the server's`() async throws {
        let harness = try Harness(Self.many)
        // The others take their time, so that some connections always work.
        let script: FaultScript = [.on(path: "part-9", .status(503)), .on(path: "part-*", .rate(20_000))]
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            let setup = Harness.Setup { ($0.options.concurrentFiles, $0.options.connections) = (8, 8) }
            let outcome = try await harness.run(server, setup: setup)
            #expect(outcome.report.retries == 3)
            #expect(outcome.report.files.count { $0.failure != nil } == 1)
            // Once because there might be a limit, then four times in earnest.
            #expect((4...5).contains(server.requests(path: "part-9").count))
        }
    }

    @Test func `puts files into directories below, with names that a URL has to encode`() async throws {
        let paths = ["a/b/c.bin", "a/b c#?%41.bin", "ä/ö"]
        let harness = try Harness(TestModel(files: paths.map { .init($0, Array($0.utf8)) }))
        try await FaultServer.run(files: harness.model.content) { server in
            let outcome = try await harness.run(server)
            #expect(outcome.report.isOK)
            #expect(Set(server.log.map(\.path)) == Set(paths))
        }
    }

    @Test func `tells events that add up to what is in the report`() async throws {
        let harness = try Harness(.checkpoint)
        let script: FaultScript = [.on(path: "model.data", request: 0, .drop(after: 300_000))]
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            let outcome = try await harness.run(server)
            var received: [String: Int64] = [:]
            for case .progress(let path, let bytes, true) in outcome.events { received[path, default: 0] += bytes }
            for file in outcome.report.files {
                #expect(file.bytesDownloaded == file.size && received[file.path] == file.size)
            }
            guard case .started("test-model", _, 4, let total) = outcome.events.first else {
                Issue.record("the run does not begin with its beginning")
                return
            }
            #expect(total == outcome.report.bytesDownloaded)
            #expect(outcome.report.retries == 1)
            // Of what is reported when a file finishes nothing is missing.
            for case .finished(let file) in outcome.events { #expect(outcome.report.files.contains(file)) }
        }
    }

    @Test func `counts what it received for files that failed, too`() async throws {
        let harness = try Harness()
        try await FaultServer.run(files: harness.model.content, script: .always(.flip(offset: 5, mask: 1))) { server in
            let outcome = try await harness.run(server)
            #expect(outcome.report.kind == .data)
            #expect(outcome.report.bytesDownloaded == server.bodyBytesSent)
            for case .finished(let file) in outcome.events { #expect(outcome.report.files.contains(file)) }
        }
    }

    @Test func `does not wait as long for every file where nobody answers`() async throws {
        let harness = try Harness(Self.many)
        try await FaultServer.run(files: harness.model.content) { server in
            await server.stopListening()
            let outcome = try await harness.run(server)
            #expect(outcome.report.kind == .unavailable)
            // Two files at once have three retries each; the others find out with one attempt, or with one begun before.
            #expect(outcome.report.retries <= 8, "\(outcome.report.retries)")
            // It is said once.
            #expect(outcome.report.files.allSatisfy { $0.state == .failed && $0.failure == nil })
            #expect(outcome.report.failures.count == 1)
        }
    }

    @Test func `waits for a source that has answered before, file by file`() async throws {
        let harness = try Harness(Self.many)
        let script: FaultScript = [.on(path: "part-9", .status(503))]
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            let outcome = try await harness.run(server, setup: .init { $0.options.concurrentFiles = 1 })
            #expect(outcome.report.retries == 3)
            #expect(outcome.report.files.count { $0.failure != nil } == 1)
        }
    }

    @Test func `speaks with the worst kind of failure`() async throws {
        let harness = try Harness(.checkpoint)
        try harness.folder.put([1], "hparams.json.partial/x")
        let script: FaultScript = [
            .on(path: "checkpoint", .status(404)), .on(path: "model.data", .gzip),
            .on(path: "vocab.bpe", .flip(offset: 1, mask: 1)),
        ]
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            let outcome = try await harness.run(server)
            let kinds = outcome.report.files.map { $0.failure?.kind }
            #expect(kinds == [.unavailable, .cannotWrite, .refused, .data])
            #expect(outcome.report.kind == .cannotWrite)
        }
    }
}
