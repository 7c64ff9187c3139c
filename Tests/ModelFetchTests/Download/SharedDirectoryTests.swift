import FaultServer
import Storage
import Testing

@testable import ModelFetch

@Suite(.timeLimit(.minutes(10))) struct `Two manifests that use one directory in turn` {
    private let harness: Harness
    private let manifests: [Manifest]

    init() throws {
        harness = try Harness(
            TestModel(files: [.init("one", Array("1".utf8)), .init("two", Array("2".utf8)), .init("three", [3])]))
        let files = try harness.model.manifest().files
        manifests = [
            try Manifest(name: "first", files: [files[0], files[1]]),
            try Manifest(name: "second", files: [files[1], files[2]]),
        ]
    }

    private func run(_ index: Int) async throws -> Harness.Outcome {
        try await FaultServer.run(files: harness.model.content) { server in
            try await harness.run(server, setup: .init { $0.manifest = manifests[index] })
        }
    }

    private var receipts: Receipts {
        get throws { Receipts(in: try ModelDirectory(existing: harness.folder.path, on: SystemDisk())) }
    }

    @Test func `keep the receipts of each other's files`() async throws {
        for index in [0, 1, 0, 1] { #expect(try await run(index).report.isOK) }
        for index in [0, 1] {
            let outcome = try await run(index)
            #expect(outcome.report.files.allSatisfy { $0.state == .skipped })
            #expect(!outcome.events.contains { if case .phase(_, .hashing) = $0 { true } else { false } })
        }
        #expect(try receipts.files.keys.sorted() == ["one", "three", "two"])
    }

    @Test func `forget the receipts of files that are gone`() async throws {
        _ = try await run(0)
        try harness.folder.remove("one")
        _ = try await run(1)
        #expect(try receipts.files.keys.sorted() == ["three", "two"])
        #expect(try receipts.model == "second")
    }

    @Test(arguments: ["../outside", "/etc/passwd", "..", ".modelfetch/lock"])
    func `forget receipts of what lies elsewhere`(path: String) async throws {
        let outcome = try await run(0)
        #expect(outcome.report.isOK)
        var forged = try receipts
        forged.files[path] = forged.files["one"]
        try forged.write(in: ModelDirectory(existing: harness.folder.path, on: SystemDisk()), isDurable: false)
        _ = try await run(1)
        #expect(try receipts.files.keys.sorted() == ["one", "three", "two"])
    }
}
