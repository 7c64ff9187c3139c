import FaultServer
import Storage
import Synchronization
import Testing

@testable import ModelFetch

@Suite(.timeLimit(.minutes(10))) struct `The manifest's copy` {
    private static let name = ".modelfetch/manifest.json"

    @Test func `stands in the directory before the first byte is asked for`() async throws {
        let harness = try Harness()
        let folder = harness.folder
        let models = Mutex<[String]>([])
        try await FaultServer.run(files: harness.model.content) { server in
            let outcome = try await harness.run(server) { event in
                guard case .phase(_, .connecting) = event else { return }
                // As an audit would after a kill.
                let found = try? ModelLookup(ManifestCatalog()).manifest(of: folder.path)
                models.withLock { $0.append(found?.manifest.name ?? "none") }
            }
            #expect(outcome.report.isOK)
        }
        #expect(models.withLock { $0 } == ["test-model"])
    }

    @Test func `of another model stays where that model is not replaced`() async throws {
        let harness = try Harness()
        let other = try TestModel(name: "other-model", files: [.init("x", [1])]).manifest().json()
        try harness.folder.put(other.utf8, Self.name)
        try harness.folder.put(TestModel.other.bytes, "model.data")
        try await FaultServer.run(files: harness.model.content) { server in
            let outcome = try await harness.run(server)
            #expect(outcome.report.kind == .data)
        }
        #expect(harness.folder.bytes(Self.name) == Array(other.utf8))
    }

    @Test func `of another model stays in a directory that is refused`() async throws {
        let harness = try Harness()
        let other = TestModel(name: "other-model", files: [.init("x", [1])])
        let copy = try other.manifest().json()
        try harness.folder.put(copy.utf8, Self.name)
        try harness.folder.put(other)
        let known = [try other.manifest()]
        let outcome = try await harness.run(from: ["http://127.0.0.1:1/"], setup: .init { $0.known = known })
        #expect(outcome.report.failure?.kind == .data)
        #expect(harness.folder.bytes(Self.name) == Array(copy.utf8))
    }

    @Test func `of another model is replaced by a download that goes ahead`() async throws {
        let harness = try Harness()
        try harness.folder.put(try TestModel(name: "other-model", files: []).someManifest().json().utf8, Self.name)
        try await FaultServer.run(files: harness.model.content) { server in
            let outcome = try await harness.run(server)
            #expect(outcome.report.isOK)
        }
        let directory = try ModelDirectory(existing: harness.folder.path, on: SystemDisk())
        #expect(ManifestCopy.read(in: directory)?.manifest.name == "test-model")
    }

    @Test func `is as good without its white space`() throws {
        let manifest = try TestModel.checkpoint.manifest(
            sources: [ManifestSource(url: "http://a.example/", note: "é \"x\"")])
        let compact = manifest.compactJSON()
        #expect(try Manifest.decode(Array(compact.utf8), from: .builtIn).manifest == manifest)
        #expect(compact.utf8.count < manifest.json().utf8.count && !compact.dropLast().contains("\n"))
    }
}

extension TestModel {
    /// A manifest of a file that is nowhere.
    fileprivate func someManifest() throws -> Manifest {
        try Manifest(
            name: name, files: [ManifestFile(path: ManifestPath("nowhere"), size: 1, sha256: Self.digest(of: [1]))])
    }
}
