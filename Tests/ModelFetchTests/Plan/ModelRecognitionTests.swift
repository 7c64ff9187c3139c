import FaultServer
import Storage
import Synchronization
import Testing

@testable import ModelFetch

@Suite(.timeLimit(.minutes(10))) struct `Whether a directory holds another known model` {
    private static func model(_ name: String, _ seed: UInt8, count: Int = 4) -> TestModel {
        TestModel(name: name, files: (0..<count).map { .init("part-\($0)", [seed, UInt8($0)]) })
    }

    /// Counts how often a file is read to be hashed: a mebibyte at a time, as nothing else here is.
    private final class Reads: Sendable {
        private let hook: @Sendable () -> Void
        private let hashed = Mutex(0)

        init(_ hook: @escaping @Sendable () -> Void = {}) { self.hook = hook }

        var count: Int { hashed.withLock { $0 } }

        var disk: TestDisk {
            TestDisk(onRead: { _, length in
                guard length == 1 << 20 else { return }
                self.hashed.withLock { $0 += 1 }
                self.hook()
            })
        }
    }

    @Test func `is not asked again of files that receipts know, though others are missing`() async throws {
        let harness = try Harness(Self.model("own", 1))
        let known = [try harness.model.manifest(), try Self.model("other", 2).manifest()]
        let script: FaultScript = [.on(path: "part-3", .status(404))]
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            let first = try await harness.run(server, setup: .init { $0.known = known })
            #expect(first.report.kind == .unavailable)
            let reads = Reads()
            let second = try await harness.run(
                server,
                setup: .init {
                    $0.known = known
                    $0.disk = reads.disk
                })
            #expect(second.report.kind == .unavailable)
            #expect(reads.count == 0)
        }
    }

    @Test func `is settled by the first file that is right`() async throws {
        let harness = try Harness(Self.model("own", 1, count: 50))
        try harness.folder.put(harness.model)
        let directory = try ModelDirectory(existing: harness.folder.path, on: SystemDisk())
        let reads = Reads()
        let counted = try ModelDirectory(existing: harness.folder.path, on: reads.disk)
        for (place, count) in [(directory, 0), (counted, 2)] {
            var recognition = ModelRecognition(place, among: [try Self.model("other", 2, count: 50).manifest()])
            #expect(try recognition.refusal(toHold: harness.model.manifest()) == nil)
            // The file, and its end.
            #expect(reads.count == count)
        }
    }

    @Test func `can be interrupted while files are read`() async throws {
        let harness = try Harness(Self.model("own", 1, count: 50))
        let other = Self.model("other", 2, count: 50)
        try harness.folder.put(other)
        let known = [try other.manifest()]
        let reads = Reads { withUnsafeCurrentTask { $0?.cancel() } }
        let manifest = try harness.model.manifest(sources: [ManifestSource(url: "http://127.0.0.1:1/")])
        let disk = reads.disk
        let task = Task {
            try await harness.run(
                from: ["http://127.0.0.1:1/"],
                setup: .init {
                    $0.known = known
                    $0.disk = disk
                    $0.manifest = manifest
                })
        }
        let outcome = try await task.value
        #expect(outcome.report.isCancelled && outcome.report.failure == nil)
        #expect(reads.count <= 2)
    }

    @Test func `is not told by files that both have`() throws {
        let folder = try Folder()
        let other = Self.model("other", 2)
        try folder.put(other)
        // Of a manifest that takes some files of a known model.
        let part = try Manifest(name: "part", files: Array(try other.manifest().files.prefix(2)))
        let directory = try ModelDirectory(existing: folder.path, on: SystemDisk())
        var recognition = ModelRecognition(directory, among: [try Self.model("third", 3).manifest()])
        #expect(try recognition.refusal(toHold: part) == nil)
        recognition = ModelRecognition(directory, among: [try other.manifest()])
        // Two files are the other's alone.
        #expect(try recognition.refusal(toHold: part)?.message.contains("another model, other") == true)
        for name in ["part-2", "part-3"] { try folder.remove(name) }
        recognition = ModelRecognition(directory, among: [try other.manifest()])
        #expect(try recognition.refusal(toHold: part) == nil)
    }
}
