import FaultServer
import Foundation
import Storage
import Testing

@testable import ModelFetch

@Suite(.timeLimit(.minutes(10))) struct `The model of a directory` {
    private static let small = TestModel(
        name: "small-model", files: [.init("hparams.json", Array("{\"n\": 1}".utf8)), .init("shared", Array("x".utf8))])
    private static let large = TestModel(
        name: "large-model", files: [.init("hparams.json", Array("{\"n\": 2}".utf8)), .init("shared", Array("x".utf8))])

    /// A catalog that knows both besides the built-in ones.
    private func catalog() throws -> ManifestCatalog {
        let folder = try Folder()
        for model in [Self.small, Self.large] {
            try folder.put(try model.manifest().json().utf8, model.name + ".json")
        }
        return ManifestCatalog(directories: [folder.path])
    }

    private func receipt(of model: String, in path: String) throws {
        var receipts = Receipts()
        receipts.model = model
        try receipts.write(in: ModelDirectory(creating: path, on: SystemDisk()), isDurable: false)
    }

    @Test func `is the built-in one that its receipts name`() throws {
        let folder = try Folder()
        try receipt(of: "gpt2-124M", in: folder.path)
        let found = try ModelLookup(catalog()).manifest(of: folder.path)
        #expect(found.manifest.name == "gpt2-124M" && found.origin == .builtIn)
    }

    @Test func `is not one that receipts name and nobody knows`() throws {
        let folder = try Folder()
        try receipt(of: "nobody", in: folder.path)
        #expect(throws: Failure.self) { try ModelLookup(catalog()).manifest(of: folder.path) }
    }

    @Test func `is told by a file that no other model has`() throws {
        for model in [Self.small, Self.large] {
            let folder = try Folder()
            try folder.put(model)
            #expect(try ModelLookup(catalog()).manifest(of: folder.path).manifest.name == model.name)
        }
    }

    @Test func `is told by contents before names`() throws {
        let folder = try Folder()
        let path = folder.at("small-model")
        try folder.put(Self.large["hparams.json"], "small-model/hparams.json")
        #expect(try ModelLookup(catalog()).manifest(of: path).manifest.name == "large-model")
    }

    @Test(arguments: ["124M", "gpt2-124M", "117M", "small-model", "small-model/"])
    func `is told by the directory's name`(name: String) throws {
        let folder = try Folder()
        try folder.put(Self.small["shared"], name + "/shared")
        let found = try ModelLookup(catalog()).manifest(of: folder.at(name))
        #expect(found.manifest.names.contains("small-model") || found.manifest.name == "gpt2-124M")
    }

    @Test(arguments: ["124M", "large-model", "anything"])
    func `is the known one that the copy of its last download names`(name: String) throws {
        let folder = try Folder()
        // Of a download that was killed before it had a file, where another model was before.
        try folder.put(try Self.small.manifest().json().utf8, name + "/.modelfetch/manifest.json")
        try receipt(of: "gpt2-355M", in: folder.at(name))
        #expect(try ModelLookup(catalog()).manifest(of: folder.at(name)).manifest.name == "small-model")
    }

    @Test func `is told by the copy that its download left`() async throws {
        let harness = try Harness()
        try await FaultServer.run(files: harness.model.content) { server in
            let outcome = try await harness.run(server)
            #expect(outcome.report.isOK)
        }
        let found = try ModelLookup(catalog()).manifest(of: harness.folder.path)
        #expect(found.manifest.name == "test-model")
        #expect(found.origin == .receipt(harness.folder.path))
        #expect(found.manifest.files == (try harness.model.manifest()).files)
    }

    @Test func `is not told by what is shared, by nothing, or by rubbish`() throws {
        let folder = try Folder()
        try folder.put(Self.small["shared"], "shared")
        try folder.put("{".utf8, ".modelfetch/manifest.json")
        try folder.put("{".utf8, ".modelfetch/receipts.json")
        let failure = #expect(throws: Failure.self) { try ModelLookup(catalog()).manifest(of: folder.path) }
        #expect(failure?.kind == .usage && failure?.remedy == .nameModel)
        let none = #expect(throws: Failure.self) { try ModelLookup(catalog()).manifest(of: folder.at("none")) }
        #expect(none?.kind == .noInput)
    }
}
