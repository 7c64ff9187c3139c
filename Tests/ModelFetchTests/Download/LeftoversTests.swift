import FaultServer
import Storage
import Testing

@testable import ModelFetch

@Suite(.timeLimit(.minutes(10))) struct `What runs leave behind` {
    private static let big = TestModel.single["model.data"]

    private func run(
        _ harness: Harness, _ setup: Harness.Setup = .init(), script: FaultScript = .honest,
        _ body: (Harness.Outcome, FaultServer) throws -> Void = { outcome, _ in #expect(outcome.report.isOK) }
    ) async throws {
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            try body(await harness.run(server, setup: setup), server)
        }
    }

    @Test func `is passed on where no lock kept others out, the largest partial of a file first`() async throws {
        let harness = try Harness()
        try harness.folder.put(Self.big.prefix(400_000), ".modelfetch/model.data%~00000000.partial")
        try harness.folder.put(Self.big.prefix(900_000), ".modelfetch/model.data%~fedcba98.partial")
        try harness.folder.put([], ".modelfetch/model.data%~ffffffff.partial")
        try harness.folder.put([1, 2, 3], ".modelfetch/model.data%~ffffffff.journal")
        try await run(harness) { outcome, server in
            #expect(outcome.state("model.data") == .resumed)
            #expect(outcome.file("model.data").bytesReused == 900_000)
            #expect(server.log.map(\.firstByte) == [900_000])
        }
        #expect(harness.folder.stateNames == ["lock", "manifest.json", "receipts.json"])
    }

    @Test func `is given up where a partial of use has the common name`() async throws {
        let harness = try Harness()
        try harness.folder.put(Self.big.prefix(900_000), ".modelfetch/model.data%~fedcba98.partial")
        try harness.folder.put(Self.big.prefix(300_000), "model.data.partial")
        try await run(harness) { outcome, _ in #expect(outcome.file("model.data").bytesReused == 300_000) }
        #expect(harness.folder.stateNames == ["lock", "manifest.json", "receipts.json"])
    }

    @Test func `is not mistaken for a file of the model, whatever that is called`() async throws {
        let name = "model.data.0a1b2c3d"
        let harness = try Harness(
            TestModel(files: [.init("model.data", Self.big), .init(name, TestModel.other.bytes)]))
        try harness.folder.put(Self.big, "model.data")
        try harness.folder.put(TestModel.other.bytes.prefix(800_000), name + ".partial")
        try await run(harness) { outcome, _ in
            #expect(outcome.state("model.data") == .skipped && outcome.state(name) == .resumed)
            #expect(outcome.file(name).bytesReused == 800_000)
        }
    }

    @Test(arguments: ["model.data.0a1b2c3d.partial", "model.data.20240131.partial"])
    func `is not what others have put beside a file`(name: String) async throws {
        let harness = try Harness()
        try harness.folder.put([1, 2, 3], name)
        try await run(harness)
        #expect(harness.folder.bytes(name) == [1, 2, 3])
    }

    @Test(arguments: [230, 239, 240, 246, 247])
    func `has a name that the file system takes, however long the file's is`(length: Int) async throws {
        let name = String(repeating: "n", count: length)
        let harness = try Harness(TestModel(files: [.init(name, Self.big)]))
        let setup = Harness.Setup {
            $0.disk = TestDisk(locksNobodyOut: true)
            $0.options.retries = 0
        }
        try await run(harness, setup, script: [.on(request: 0, .drop(after: 500_000))]) { outcome, _ in
            #expect(outcome.report.kind == .unavailable, "\(outcome.words)")
        }
        try await run(harness, setup) { outcome, _ in
            #expect(outcome.report.isOK, "\(outcome.words)")
            #expect(outcome.file(name).bytesReused > 0)
        }
        #expect(harness.folder.names == [".modelfetch", name])
        #expect(harness.folder.stateNames == ["lock", "manifest.json", "receipts.json"])
    }

    @Test func `is nothing where nothing was received`() async throws {
        let harness = try Harness(.checkpoint)
        try await run(harness, script: .always(.status(404))) { outcome, _ in #expect(!outcome.report.isOK) }
        #expect(harness.folder.names == [".modelfetch"])
        #expect(harness.folder.stateNames == ["lock", "manifest.json"])
    }

    @Test func `is what another tool left, though it begins with a hole and nothing was received`() async throws {
        let harness = try Harness()
        let bytes = [UInt8](repeating: 0, count: 1 << 20) + Self.big[(1 << 20)...]
        try harness.folder.put(bytes, "model.data.partial")
        try await run(harness, script: .always(.status(404))) { outcome, _ in #expect(!outcome.report.isOK) }
        #expect(harness.folder.bytes("model.data.partial") == bytes)
    }
}

extension Folder {
    /// The names in the state directory, in order.
    var stateNames: [String] {
        ((try? ModelDirectory(existing: path, on: SystemDisk()).names(in: StateNames.directory)) ?? []).sorted()
    }
}
