import FaultServer
import Testing
import Transfer

@testable import ModelFetch

@Suite(.timeLimit(.minutes(10))) struct `A download that is sent elsewhere` {
    static let size = Int64(TestModel.bigSize)

    /// An origin that sends every request to a second host, which has the files.
    private func run(
        origin: FaultScript = .honest, target: FaultScript = .honest, harness: Harness,
        _ body: (FaultServer, FaultServer) async throws -> Void
    ) async throws {
        try await FaultServer.run(files: harness.model.content, script: target, address: "127.0.0.2") { there in
            var script = origin
            script.rules.append(.on(.redirect(to: there.baseURL + "{target}")))
            try await FaultServer.run(files: [:], script: script) { here in try await body(here, there) }
        }
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `follows to another host`(status: Int) async throws {
        let harness = try Harness()
        try await FaultServer.run(files: harness.model.content, address: "127.0.0.2") { there in
            let script = FaultScript.always(.redirect(status: status, to: there.baseURL + "{target}"))
            try await FaultServer.run(files: [:], script: script) { here in
                let report = try await harness.run(here).report
                #expect(report.isOK)
                #expect(here.log.count == 1 && there.log.count == 1)
            }
        }
    }

    @Test func `resumes through the redirect`() async throws {
        let harness = try Harness()
        try await run(target: [.on(request: 0, .drop(after: 500_000))], harness: harness) { here, there in
            let report = try await harness.run(here).report
            #expect(report.isOK)
            #expect(there.log.map(\.firstByte) == [0, 500_000])
            #expect(here.log.count == 1, "where it leads is known")
        }
    }

    @Test func `takes no credentials along, and says none`() async throws {
        let harness = try Harness()
        try await run(harness: harness) { here, there in
            let setup = Harness.Setup {
                $0.options.sources = ["http://me:hunter2@127.0.0.1:\(here.port)/"]
                $0.options.headers = [("X-Token", "s3cret"), ("Cookie", "s3cret")]
            }
            let outcome = try await harness.run(from: [], setup: setup)
            #expect(outcome.report.isOK)
            #expect(here.log[0].header("Authorization") == "Basic bWU6aHVudGVyMg==")
            #expect(here.log[0].header("X-Token") == "s3cret")
            #expect(there.log[0].header("Authorization") == nil)
            #expect(there.log[0].header("X-Token") == nil && there.log[0].header("Cookie") == nil)
            #expect(!outcome.words.contains("hunter2") && !outcome.words.contains("s3cret"))
            for name in [".modelfetch/manifest.json", ".modelfetch/receipts.json"] {
                let text = String(decoding: harness.folder.bytes(name) ?? [], as: UTF8.self)
                #expect(!text.isEmpty && !text.contains("hunter2") && !text.contains("s3cret"))
            }
        }
    }

    @Test func `says no secret when it fails, either, and keeps none in the journal`() async throws {
        let harness = try Harness()
        try await FaultServer.run(files: harness.model.content, script: .always(.drop(after: 300_000))) { server in
            let setup = Harness.Setup {
                $0.options.retries = 0
                $0.options.sources = ["http://me:hunter2@127.0.0.1:\(server.port)/"]
            }
            let outcome = try await harness.run(from: [], setup: setup)
            #expect(outcome.report.kind == .unavailable)
            #expect(!outcome.words.contains("hunter2"))
            let journal = String(decoding: harness.folder.bytes(".modelfetch/model.data.journal") ?? [], as: UTF8.self)
            #expect(!journal.isEmpty && !journal.contains("127.0.0.1") && !journal.contains("hunter2"))
        }
    }

    @Test func `sends each source its own credentials alone`() async throws {
        let harness = try Harness()
        let files = harness.model.content
        try await FaultServer.run(files: files, script: .always(.authorization(required: "Basic YTph"))) { first in
            try await FaultServer.run(files: files, script: .always(.authorization(required: "Basic Yjpi"))) { second in
                let outcome = try await harness.run(from: [
                    "http://x:y@127.0.0.1:\(first.port)/", "http://b:b@127.0.0.1:\(second.port)/",
                ])
                #expect(outcome.report.isOK)
                #expect(first.log.map { $0.header("Authorization") } == ["Basic eDp5"])
                #expect(second.log.map { $0.header("Authorization") } == ["Basic Yjpi"])
            }
        }
    }

    @Test func `sends header fields to no source that the user did not name`() async throws {
        let harness = try Harness()
        try await FaultServer.run(files: harness.model.content) { server in
            let setup = Harness.Setup { $0.options.headers = [("X-Token", "s3cret")] }
            let outcome = try await harness.run(server, setup: setup)
            #expect(outcome.report.kind == .usage && server.log.isEmpty)
        }
    }

    @Test func `has an expired address resolved again, once`() async throws {
        let harness = try Harness()
        try await run(target: [.on(request: 0, .status(403))], harness: harness) { here, there in
            let report = try await harness.run(here).report
            #expect(report.isOK)
            #expect(here.log.count == 2 && there.log.count == 2)
        }
        let other = try Harness()
        try await run(target: .always(.status(403)), harness: other) { here, there in
            let report2 = try await other.run(here).report
            #expect(report2.kind == .unavailable)
            #expect(here.log.count == 2 && there.log.count == 2)
        }
    }
}
