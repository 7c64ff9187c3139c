import FaultServer
import Foundation
import Glibc
import Hashing
import Storage
import Synchronization
import Testing

@testable import ModelFetch

@Suite(.timeLimit(.minutes(10))) struct `An audit` {
    private func audit(
        _ manifest: Manifest, _ folder: Folder, on disk: any Disk = SystemDisk(),
        onEvent: @escaping @Sendable (DownloadEvent) -> Void = { _ in }
    ) async throws -> AuditReport {
        let before = folder.snapshot(of: manifest)
        let executor = try BlockingExecutor(threads: 2)
        defer { executor.stop() }
        let loaded = LoadedManifest(manifest: manifest, origin: .builtIn, warnings: [])
        let report = await ModelAudit(loaded, of: folder.path).run(
            on: disk, time: Time(ContinuousClock()), executor: executor, onEvent: onEvent)
        // It writes nothing, and takes no lock.
        let after = folder.snapshot(of: manifest)
        #expect(after.names == before.names && after.outside == before.outside)
        return report
    }

    private func audit(_ model: TestModel, _ folder: Folder) async throws -> AuditReport {
        try await audit(model.manifest(), folder)
    }

    @Test func `finds a model right, in the order of its manifest`() async throws {
        let (model, folder) = (TestModel.checkpoint, try Folder())
        try folder.put(model)
        let report = try await audit(model, folder)
        #expect(report.isOK && report.files.map(\.path) == model.files.map(\.path))
        #expect(report.files.allSatisfy { $0.state == .ok && $0.isPinned && $0.sha256 != nil })
        #expect(report.verifiedBytes == model.files.reduce(0) { $0 + Int64($1.bytes.count) })
    }

    @Test func `tells a byte that differs, a size that differs, and a file that is missing or begun`() async throws {
        let (model, folder) = (TestModel.checkpoint, try Folder())
        var bytes = model["model.data"]
        bytes[bytes.count - 1] ^= 0x80
        try folder.put(bytes, "model.data")
        try folder.put(model["vocab.bpe"].dropLast(), "vocab.bpe")
        try folder.put([1], "hparams.json.partial")
        let report = try await audit(model, folder)
        #expect(report.kind == .data && !report.isOK)
        #expect(report.files.map(\.state) == [.missing, .missing, .damaged, .damaged])
        #expect(report.files[1].failure?.message.contains("partial") == true)
        #expect(report.files[2].sha256 == TestModel.digest(of: bytes) && report.files[2].actualSize == nil)
        #expect(report.files[3].actualSize == 69_999)
        // Size and digest are two findings, with expected and actual each.
        let words = report.failures.map(\.message)
        #expect(words[2].contains("digest is wrong") && words[2].contains(model.files[2].digest.hex))
        #expect(words[3].contains("expected 70000 bytes, found 69999"))
    }

    @Test func `knows no such directory`() async throws {
        let report = try await audit(TestModel.checkpoint, Folder())
        #expect(report.kind == .noInput)
    }

    @Test func `says what cannot be read`() async throws {
        let (model, folder) = (TestModel.checkpoint, try Folder())
        try folder.put(model, but: ["vocab.bpe", "hparams.json"])
        #expect(mkfifo(folder.at("vocab.bpe"), 0o600) == 0)
        // A link to what is no file.
        #expect(symlink("vocab.bpe", folder.at("hparams.json")) == 0)
        let report = try await audit(model, folder)
        #expect(report.files.map(\.state) == [.ok, .unreadable, .ok, .unreadable])
        #expect(report.kind == .cannotWrite)
    }

    @Test func `follows a symbolic link to a file, and says so`() async throws {
        let (model, folder) = (TestModel.checkpoint, try Folder())
        try folder.put(model)
        try FileManager.default.moveItem(atPath: folder.at("vocab.bpe"), toPath: folder.at("elsewhere"))
        #expect(symlink("elsewhere", folder.at("vocab.bpe")) == 0)
        let report = try await audit(model, folder)
        #expect(report.isOK && report.files.count { $0.note == "a symbolic link" } == 1)
    }

    @Test func `calls a file unreadable that changes while it is read`() async throws {
        let (model, folder) = (TestModel.single, try Folder())
        try folder.put(model)
        let isChanged = Mutex(false)
        let disk = TestDisk(onRead: { offset, count in
            // Its second mebibyte is about to be read.
            guard offset == 1 << 20, !isChanged.withLock({ $0 }) else { return }
            isChanged.withLock { $0 = true }
            try? folder.touch("model.data")
        })
        let report = try await audit(model.manifest(), folder, on: disk)
        #expect(isChanged.withLock { $0 })
        #expect(report.files[0].state == .unreadable && report.kind == .data)
    }

    @Test func `accepts a genuine variant, and says which`() async throws {
        let folder = try Folder()
        let variant = Array("{\"n_layer\":12}".utf8)
        try folder.put(variant, "hparams.json")
        let model = TestModel(files: [.init("hparams.json", Array("{\"n_layer\": 12}\n".utf8))])
        let manifest = try model.manifest { file in
            ManifestFile(
                path: file.path, size: file.size, sha256: file.sha256,
                variants: [
                    .init(size: Int64(variant.count), sha256: TestModel.digest(of: variant), note: "without spaces")
                ])
        }
        let report = try await audit(manifest, folder)
        #expect(report.isOK && report.files[0].note?.contains("without spaces") == true)
        #expect(report.files[0].actualSize == Int64(variant.count))
        #expect(report.verifiedBytes == Int64(variant.count))
    }

    @Test func `names what the manifest does not know, and minds it not`() async throws {
        let (model, folder) = (TestModel.single, try Folder())
        try folder.put(model)
        for name in ["notes.txt", "sub/deep/file", "b.partial", ".modelfetch/x"] { try folder.put([1, 2], name) }
        let report = try await audit(model, folder)
        #expect(report.isOK)
        #expect(report.files.map(\.path) == ["model.data", "notes.txt", "sub/deep/file"])
        #expect(report.files.dropFirst().allSatisfy { $0.state == .extra && $0.size == 2 })
    }

    @Test func `holds an unpinned file against what was seen first, and says on what evidence`() async throws {
        let model = TestModel(files: [.init("vocab.bpe", TestModel.synthetic(70_000, seed: 5))])
        let harness = try Harness(model)
        let manifest = try model.manifest { $0.unpinned(expecting: .init(size: 70_000)) }
        try await FaultServer.run(files: model.content) { server in
            let outcome = try await harness.run(server, setup: .init { $0.manifest = manifest })
            #expect(outcome.report.isOK)
        }
        let right = try await audit(manifest, harness.folder)
        #expect(right.isOK && !right.files[0].isPinned)
        #expect(right.files[0].evidence == ["expected size", "sha256 as first seen here"])
        var bytes = model["vocab.bpe"]
        bytes[0] ^= 1
        try harness.folder.put(bytes, "vocab.bpe")
        let wrong = try await audit(manifest, harness.folder)
        #expect(wrong.files[0].state == .damaged)
    }

    @Test func `believes no receipt`() async throws {
        let harness = try Harness()
        try await FaultServer.run(files: harness.model.content) { server in
            let outcome = try await harness.run(server)
            #expect(outcome.report.isOK)
        }
        var bytes = harness.model["model.data"]
        bytes[99] ^= 1
        try harness.folder.put(bytes, "model.data")
        // A receipt for the wrong file as it stands there, with the right digest.
        let directory = try ModelDirectory(existing: harness.folder.path, on: SystemDisk())
        let status = try #require(try directory.status(of: "model.data"))
        var receipts = Receipts(in: directory)
        for pinned in [true, false] {
            receipts.files["model.data"] = .init(
                sha256: harness.model.files[0].digest, pinned: pinned, status: status, bootID: nil)
            try receipts.write(in: directory, isDurable: false)
            let report = try await audit(harness.model, harness.folder)
            #expect(report.files[0].state == .damaged)
        }
    }

    @Test func `ends promptly when it is cancelled`() async throws {
        let (model, folder) = (TestModel.checkpoint, try Folder())
        try folder.put(model)
        let task = Task { () -> AuditReport in
            withUnsafeCurrentTask { $0?.cancel() }
            return try await audit(model, folder)
        }
        let report = try await task.value
        #expect(report.isCancelled && !report.isOK && report.failures.isEmpty)
    }
}
