import FaultServer
import Foundation
import Glibc
import Hashing
import Storage
import Synchronization
import Testing

@testable import ModelFetch

@Suite(.timeLimit(.minutes(10))) struct `What stands under a final name` {
    static let size = Int64(TestModel.bigSize)
    static let big = TestModel.single["model.data"]

    /// Runs against an honest server.
    private func run(
        _ harness: Harness, _ setup: Harness.Setup = .init(),
        _ body: (Harness.Outcome, FaultServer) throws -> Void
    ) async throws {
        try await FaultServer.run(files: harness.model.content) { server in
            try body(await harness.run(server, setup: setup), server)
        }
    }

    // MARK: Right files

    @Test func `is skipped if it is right, and gets a receipt that the next run trusts`() async throws {
        let harness = try Harness(.checkpoint)
        try harness.folder.put(harness.model)
        try await run(harness) { outcome, server in
            #expect(outcome.report.files.map(\.state) == [.skipped, .skipped, .skipped, .skipped])
            #expect(outcome.report.bytesDownloaded == 0 && outcome.report.bytesReused == 0)
            #expect(server.log.isEmpty)
        }
        let total = harness.model.files.reduce(0) { $0 + $1.bytes.count }
        let disk = TestDisk()
        let known = try [harness.model.manifest(), TestModel.single.manifest()]
        let again = Harness.Setup {
            $0.disk = disk
            $0.known = known
        }
        try await run(harness, again) { outcome, _ in #expect(outcome.report.isOK) }
        // The receipts and the manifest, and nothing else.
        #expect(disk.bytesRead < 10_000)
        let recheck = TestDisk()
        let setup = Harness.Setup {
            $0.disk = recheck
            $0.options.recheck = true
        }
        try await run(harness, setup) { outcome, _ in #expect(outcome.report.isOK) }
        #expect(recheck.bytesRead >= total)
    }

    @Test func `is read again once it was touched, and still skipped`() async throws {
        let harness = try Harness()
        try harness.folder.put(harness.model)
        try await run(harness) { _, _ in }
        try harness.folder.touch("model.data")
        let disk = TestDisk()
        try await run(harness, .init { $0.disk = disk }) { outcome, server in
            #expect(outcome.state("model.data") == .skipped && server.log.isEmpty)
        }
        #expect(disk.bytesRead >= Int(Self.size))
    }

    @Test func `needs another look after a boot when it was not made durable`() async throws {
        let harness = try Harness()
        try await run(harness) { outcome, _ in #expect(outcome.state("model.data") == .downloaded) }
        for (boot, reads) in [("boot", false), ("another boot", true)] {
            let disk = TestDisk()
            let setup = Harness.Setup {
                $0.disk = disk
                $0.bootID = boot
            }
            try await run(harness, setup) { outcome, _ in #expect(outcome.state("model.data") == .skipped) }
            #expect((disk.bytesRead >= Int(Self.size)) == reads)
        }
    }

    @Test func `is made durable before it counts, and never published when that fails`() async throws {
        let harness = try Harness()
        let failing = Mutex(true)
        let disk = TestDisk(onSynchronize: { () throws(DiskError) in
            if failing.withLock({ $0 }) { throw DiskError("fsync", "", EIO) }
        })
        let setup = Harness.Setup {
            $0.disk = disk
            $0.options.isDurable = true
        }
        try await run(harness, setup) { outcome, _ in
            #expect(outcome.report.kind == .cannotWrite)
            #expect(!harness.folder.has("model.data"))
        }
        failing.withLock { $0 = false }
        try await run(harness, setup) { outcome, _ in #expect(outcome.report.isOK) }
    }

    // MARK: Wrong files

    @Test func `is used as far as it goes when it is a copy cut short`() async throws {
        let harness = try Harness()
        try harness.folder.put(Array(Self.big[..<1_100_000]), "model.data")
        try await run(harness) { outcome, server in
            #expect(outcome.state("model.data") == .repaired)
            #expect(outcome.file("model.data").bytesReused == 1_100_000)
            #expect(server.log.last?.firstByte == 1_100_000)
            // The samples are received, too, and are no part of the file.
            #expect(outcome.report.bytesDownloaded >= Self.size - 1_100_000)
        }
    }

    @Test func `is put right when it is damaged, and the marker is away meanwhile`() async throws {
        let harness = try Harness(.checkpoint)
        try harness.folder.put(harness.model)
        try await run(harness) { outcome, _ in #expect(outcome.report.isOK) }
        var bytes = harness.model["model.data"]
        bytes[1_200_000] ^= 0xFF
        try harness.folder.put(bytes, "model.data")
        let markers = Mutex<[Bool]>([])
        try await FaultServer.run(files: harness.model.content) { server in
            let folder = harness.folder
            let outcome = try await harness.run(server) { event in
                guard case .phase("model.data", .connecting) = event else { return }
                let isThere = folder.has("checkpoint")
                markers.withLock { $0.append(isThere) }
            }
            #expect(outcome.report.files.map(\.state) == [.skipped, .skipped, .repaired, .skipped])
            #expect(outcome.finished.last == "checkpoint")
            #expect(markers.withLock { !$0.isEmpty && !$0.contains(true) })
            #expect(harness.folder.has("checkpoint") && !harness.folder.has("checkpoint.partial"))
        }
    }

    @Test func `is not touched when it is another's, nor is anything else there, until one says so`() async throws {
        let harness = try Harness(.checkpoint)
        let foreign = TestModel.other.bytes
        try harness.folder.put(harness.model, but: ["vocab.bpe"])
        try harness.folder.put(foreign, "model.data")
        try harness.folder.put(Array("{\"n_layer\": 99}".utf8), "hparams.json")
        try await run(harness) { outcome, _ in
            #expect(outcome.report.kind == .data)
            #expect(outcome.report.files.map(\.state) == [.skipped, .failed, .failed, .downloaded])
            #expect(outcome.file("model.data").failure?.remedy == .replaceFile)
            // The owner's model is as usable as it was.
            #expect(harness.folder.bytes("model.data") == foreign)
            #expect(harness.folder.bytes("hparams.json") == Array("{\"n_layer\": 99}".utf8))
            #expect(harness.folder.has("checkpoint"))
        }
        let others = Mutex<[Bool]>([])
        let setup = Harness.Setup { $0.options.replacesForeignFiles = true }
        try await FaultServer.run(files: harness.model.content) { server in
            let folder = harness.folder
            let outcome = try await harness.run(server, setup: setup) { event in
                guard case .phase("model.data", .publishing) = event else { return }
                let isThere = folder.bytes("model.data") == foreign
                others.withLock { $0.append(isThere) }
            }
            #expect(outcome.report.isOK && outcome.state("model.data") == .repaired)
            // The old file stays until the verified one takes its name.
            #expect(others.withLock { $0 } == [true])
        }
    }

    @Test func `stays when no source tells whether it is a copy`() async throws {
        let harness = try Harness()
        try harness.folder.put(TestModel.other.bytes, "model.data")
        try await FaultServer.run(files: harness.model.content, script: .always(.status(503))) { server in
            let outcome = try await harness.run(server)
            #expect(outcome.report.kind == .unavailable)
            #expect(harness.folder.digest("model.data") == TestModel.other.digest)
        }
    }

    @Test(arguments: [0, 1, 69_999, 70_001])
    func `is simply replaced when it is small`(size: Int) async throws {
        let harness = try Harness(.checkpoint)
        try harness.folder.put(harness.model)
        try harness.folder.put(Array(repeating: 60, count: size), "vocab.bpe")
        try await run(harness) { outcome, server in
            #expect(outcome.report.files.map(\.state) == [.skipped, .skipped, .skipped, .repaired])
            #expect(server.log.map(\.path) == ["vocab.bpe"])
        }
    }

    @Test func `is refused as a whole when it is another known model's directory`() async throws {
        let other = TestModel(
            name: "other-model", files: [.init("hparams.json", Array("{\"n_layer\": 48}\n".utf8))])
        let harness = try Harness(.checkpoint)
        try harness.folder.put(other)
        let known = [try other.manifest(), try TestModel.checkpoint.manifest()]
        try await run(harness, .init { $0.known = known }) { outcome, server in
            #expect(outcome.report.kind == .data && outcome.report.failure?.message.contains("other-model") == true)
            #expect(server.log.isEmpty && harness.folder.bytes("hparams.json") == other["hparams.json"])
        }
        let replacing = Harness.Setup {
            $0.known = known
            $0.options.replacesForeignFiles = true
        }
        try await run(harness, replacing) { outcome, _ in #expect(outcome.report.isOK) }
    }

    // MARK: What is no regular file

    enum Thing: CaseIterable { case symlink, dangling, fifo, directory }

    private func make(_ thing: Thing, at path: String, _ folder: Folder) throws {
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let target = folder.root + "/outside"
        switch thing {
        case .symlink:
            try Data("mine".utf8).write(to: URL(fileURLWithPath: target))
            #expect(symlink(target, path) == 0)
        case .dangling: #expect(symlink(target, path) == 0)
        case .fifo: #expect(mkfifo(path, 0o600) == 0)
        case .directory: #expect(mkdir(path, 0o700) == 0)
        }
    }

    @Test(arguments: ["model.data", "model.data.partial"], Thing.allCases)
    func `is left alone when it is no file, and others go on`(name: String, thing: Thing) async throws {
        let harness = try Harness(.checkpoint)
        try make(thing, at: harness.folder.at(name), harness.folder)
        let outside = harness.folder.root + "/outside"
        try await run(harness) { outcome, _ in
            #expect(outcome.report.kind == .cannotWrite)
            #expect(outcome.report.files.map(\.state) == [.held, .downloaded, .failed, .downloaded])
            if thing == .symlink { #expect(FileManager.default.contents(atPath: outside) == Data("mine".utf8)) }
            #expect(thing == .symlink || !FileManager.default.fileExists(atPath: outside))
        }
    }

    @Test func `is not written through a partial that has another name, too`() async throws {
        let harness = try Harness()
        try harness.folder.put([], "model.data.partial")
        let outside = harness.folder.root + "/outside"
        #expect(link(harness.folder.at("model.data.partial"), outside) == 0)
        try await run(harness) { outcome, _ in
            #expect(outcome.report.isOK)
            #expect(FileManager.default.contents(atPath: outside)?.isEmpty == true)
        }
    }
}
