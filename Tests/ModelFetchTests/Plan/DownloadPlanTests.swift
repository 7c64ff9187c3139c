import FaultServer
import Foundation
import Testing

@testable import ModelFetch

@Suite(.timeLimit(.minutes(10))) struct `What a download would do` {
    private func download(
        _ model: TestModel, _ folder: Folder, from url: String = "http://u:secret@127.0.0.1:9/m"
    ) throws -> ModelDownload {
        ModelDownload(try model.manifest(sources: [ManifestSource(url: url)]), into: folder.path)
    }

    @Test func `is told of a directory that is not there, and makes none`() throws {
        let folder = try Folder()
        let plan = try download(.checkpoint, folder).plan()
        #expect(plan.files.map(\.action) == [.fetch, .fetch, .fetch, .fetch])
        #expect(plan.bytes == TestModel.checkpoint.files.reduce(0) { $0 + Int64($1.bytes.count) })
        #expect((plan.freeBytes ?? 0) > 0 && !FileManager.default.fileExists(atPath: folder.path))
        #expect(plan.files[1].urls == ["http://127.0.0.1:9/m/hparams.json"])
    }

    @Test func `is told from names, sizes and receipts, and changes nothing`() async throws {
        let harness = try Harness(.checkpoint)
        let folder = harness.folder
        try await FaultServer.run(files: harness.model.content) { server in
            let setup = Harness.Setup { $0.options.isDurable = true }
            let outcome = try await harness.run(server, setup: setup)
            #expect(outcome.report.isOK)
        }
        let before = folder.names
        #expect(try download(harness.model, folder).plan().files.map(\.action) == [.skip, .skip, .skip, .skip])
        #expect(folder.names == before)
        try folder.touch("hparams.json")
        try folder.put(harness.model["vocab.bpe"].dropFirst(), "vocab.bpe")
        try folder.remove("model.data")
        try folder.put(harness.model["model.data"].prefix(1_000_000), "model.data.partial")
        let plan = try download(harness.model, folder).plan()
        #expect(plan.files.map(\.action) == [.skip, .check, .resume, .replace])
        #expect(plan.files.map(\.bytes) == [0, 0, Int64(TestModel.bigSize) - 1_000_000, 70_000])
        #expect((plan.freeBytes ?? 0) > 0)
        var again = try download(harness.model, folder)
        again.options.recheck = true
        #expect(try again.plan().files[0].action == .check)
    }

    @Test func `shows how much of a model is there`() throws {
        let folder = try Folder()
        let manifest = try TestModel.checkpoint.manifest()
        let none = ModelPresence(of: manifest, in: folder.path)
        #expect((none.present, none.verified, none.partial) == (0, 0, 0))
        try folder.put(TestModel.checkpoint, but: ["model.data", "vocab.bpe"])
        try folder.put([1], "model.data.partial")
        let some = ModelPresence(of: manifest, in: folder.path)
        #expect((some.present, some.verified, some.partial) == (2, 0, 1))
    }

    // MARK: Which files

    @Test(arguments: [
        ([], 4), (["*"], 4), (["checkpoint"], 1), (["*.json", "vocab.*"], 2), (["[cm]*"], 2), (["?params.json"], 1),
        (["checkpoint", "checkpoint"], 1),
    ])
    func `concerns the files that patterns choose`(patterns: [String], count: Int) throws {
        let files = try Selection(patterns: patterns).files(of: TestModel.checkpoint.manifest())
        #expect(files.count == count)
    }

    @Test(arguments: [["none"], ["checkpoint", "CHECKPOINT"], [""]])
    func `is nothing for a pattern that matches no file`(patterns: [String]) throws {
        let failure = #expect(throws: Failure.self) {
            try Selection(patterns: patterns).files(of: TestModel.checkpoint.manifest())
        }
        #expect(failure?.kind == .usage)
        #expect(failure?.message.contains("hparams.json") == true)
    }

    // MARK: Which sources

    @Test(arguments: ["", "ftp://host/", "file:///etc/", "host/path", "http://", "http://h:99999/", "http://a b/"])
    func `needs sources that can be used`(url: String) throws {
        var download = try download(.checkpoint, Folder())
        download.options.sources = [url]
        let failure = #expect(throws: Failure.self) { try download.plan() }
        #expect(failure?.kind == .usage)
    }

    @Test func `needs a source at all, and says how to name one`() throws {
        let folder = try Folder()
        let failure = #expect(throws: Failure.self) {
            try ModelDownload(TestModel.checkpoint.manifest(), into: folder.path).plan()
        }
        #expect(failure?.kind == .usage && failure?.remedy == .nameSource)
    }

    // MARK: The whole of it

    @Test func `is done by the library as others call it`() async throws {
        let folder = try Folder()
        let model = TestModel.checkpoint
        try await FaultServer.run(files: model.content) { server in
            let report = await (try download(model, folder, from: server.baseURL)).run()
            #expect(report.isOK && report.files.map(\.state) == [.downloaded, .downloaded, .downloaded, .downloaded])
            let audit = await ModelAudit(
                LoadedManifest(manifest: try model.manifest(), origin: .builtIn, warnings: []), of: folder.path
            ).run()
            #expect(audit.isOK)
        }
    }
}
