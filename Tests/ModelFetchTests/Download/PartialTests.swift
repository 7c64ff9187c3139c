import FaultServer
import Glibc
import Storage
import Synchronization
import Testing

@testable import ModelFetch

@Suite(.timeLimit(.minutes(10))) struct `A partial file that is there` {
    static let size = Int64(TestModel.bigSize)
    static let big = TestModel.single["model.data"]

    private func run(
        _ harness: Harness, _ setup: Harness.Setup = .init(), script: FaultScript = .honest,
        _ body: (Harness.Outcome, FaultServer) throws -> Void
    ) async throws {
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            try body(await harness.run(server, setup: setup), server)
        }
    }

    @Test(arguments: [1, 65_536, 1_048_576, TestModel.bigSize - 1])
    func `is gone on with when another tool left it`(count: Int) async throws {
        let harness = try Harness()
        try harness.folder.put(Array(Self.big[..<count]), "model.data.partial")
        try await run(harness) { outcome, server in
            #expect(outcome.state("model.data") == .resumed)
            #expect(outcome.file("model.data").bytesReused == Int64(count))
            #expect(server.log.map(\.firstByte) == [Int64(count)])
        }
    }

    @Test func `needs no request when it is whole`() async throws {
        let harness = try Harness()
        try harness.folder.put(Self.big, "model.data.partial")
        try await run(harness) { outcome, server in
            #expect(outcome.state("model.data") == .resumed && server.log.isEmpty)
        }
    }

    @Test func `is cut when it is longer than the file`() async throws {
        let harness = try Harness()
        try harness.folder.put(Self.big + [1, 2, 3], "model.data.partial")
        try await run(harness) { outcome, server in
            #expect(outcome.state("model.data") == .resumed && server.log.isEmpty)
        }
    }

    @Test func `heals when it is as long as the file and wrong`() async throws {
        let harness = try Harness()
        var bytes = Self.big
        bytes[77] ^= 1
        try harness.folder.put(bytes, "model.data.partial")
        try await run(harness) { outcome, server in
            #expect(outcome.report.isOK && outcome.state("model.data") == .downloaded)
            #expect(server.bodyBytesSent == Self.size)
        }
    }

    @Test func `is not done because a server says that there is no more to have`() async throws {
        let harness = try Harness()
        try harness.folder.put(TestModel.other.bytes.dropLast(), "model.data.partial")
        try await run(harness, script: [.on(request: 0, .status(416))]) { outcome, server in
            #expect(outcome.report.isOK && outcome.state("model.data") == .downloaded)
            #expect(server.log.map(\.firstByte) == [Self.size - 1, Self.size - 1, 0])
        }
    }

    @Test func `heals when its front was poisoned, and speaks against no source`() async throws {
        let harness = try Harness()
        try harness.folder.put(TestModel.other.bytes, "model.data.partial")
        // The one wrong digest that a server may have on top must not be its second.
        try await run(harness, script: [.on(request: 0, .flip(offset: 9, mask: 1))]) { outcome, server in
            #expect(outcome.report.isOK && server.log.count == 2)
        }
    }

    // MARK: The disk

    @Test func `does not begin when the disk has not the room, and says how much is needed`() async throws {
        let harness = try Harness(.checkpoint)
        try harness.folder.put(harness.model, but: ["model.data"])
        let disk = TestDisk(free: 1_000_000)
        try await run(harness, .init { $0.disk = disk }) { outcome, server in
            #expect(outcome.report.kind == .cannotWrite && server.log.isEmpty)
            let message = outcome.report.failure?.message ?? ""
            #expect(
                message.contains(roundedBytes(Int64(Self.size))) && message.contains("1.0 MB are free"), "\(message)")
            // Nothing was changed: the marker stands as it did.
            #expect(harness.folder.names == [".modelfetch", "checkpoint", "hparams.json", "vocab.bpe"])
        }
    }

    @Test func `counts what it has already in a partial, and needs room for a whole file beside one that is wrong`()
        async throws
    {
        for (name, fits) in [("model.data.partial", true), ("model.data", false)] {
            let harness = try Harness()
            try harness.folder.put(Array(Self.big[..<1_200_000]), name)
            let disk = TestDisk(free: 400_000)
            try await run(harness, .init { $0.disk = disk }) { outcome, _ in
                #expect(outcome.report.isOK == fits, "\(name): \(outcome.report.failures)")
                guard !fits else { return }
                #expect(outcome.report.kind == .cannotWrite)
                #expect(
                    outcome.words.contains("keep their space until the right ones are verified"), "\(outcome.words)")
                #expect(harness.folder.bytes("model.data")?.count == 1_200_000)
            }
        }
    }

    @Test(arguments: [ENOSPC, EDQUOT, EFBIG, EIO, EROFS])
    func `is kept when the disk takes no more`(code: Int32) async throws {
        let harness = try Harness()
        let limit = Mutex<Int64>(700_000)
        let disk = TestDisk(onWrite: { (offset, count) throws(DiskError) in
            if offset + Int64(count) > limit.withLock({ $0 }) { throw DiskError("write", "", code) }
        })
        try await run(harness, .init { $0.disk = disk }) { outcome, server in
            #expect(outcome.report.kind == .cannotWrite)
            #expect(server.log.count == 1, "the network is not to blame, and is not asked again")
            #expect(outcome.file("model.data").failure?.message.contains("is kept") == true)
        }
        limit.withLock { $0 = .max }
        try await run(harness, .init { $0.disk = disk }) { outcome, _ in #expect(outcome.report.isOK) }
    }

    @Test func `survives writes and reads that are interrupted`() async throws {
        let harness = try Harness()
        let calls = Mutex(0)
        let disk = TestDisk(onWrite: { (_, _) throws(DiskError) in
            let count = calls.withLock { calls in
                calls += 1
                return calls
            }
            if count % 2 == 1 { throw DiskError("write", "", EINTR) }
        })
        try await run(harness, .init { $0.disk = disk }) { outcome, _ in #expect(outcome.report.isOK) }
    }

    @Test func `goes nowhere when the directory is taken away meanwhile`() async throws {
        let harness = try Harness()
        let folder = harness.folder
        let moved = folder.path + "-moved"
        try await FaultServer.run(files: harness.model.content) { server in
            let report = try await harness.runUnchecked(server) { event in
                if case .phase(_, .publishing) = event { #expect(rename(folder.path, moved) == 0) }
            }
            #expect(report.kind == .cannotWrite)
            #expect(!folder.has("model.data"))
        }
    }
}
