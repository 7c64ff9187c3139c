import Foundation
import Glibc
import Hashing
import Storage
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A publisher` {
    private let shop: Workshop
    private let disk = FaultyDisk()

    init() throws { shop = try Workshop(size: 300_000, path: "sub/weights.bin", on: disk) }

    private var final: [UInt8]? { shop.scratch.read("sub/weights.bin") }

    private func verified(in shop: Workshop? = nil) throws -> VerifiedFile {
        let shop = shop ?? self.shop
        let partial = try shop.open()
        try partial.checkAll()
        try shop.fill(partial)
        return try partial.finishVerified()
    }

    private func publisher(isDurable: Bool = true) -> Publisher {
        Publisher(directory: shop.directory, isDurable: isDurable)
    }

    /// The same scratch directory through a disk that fails by a rule.
    private func failing(_ rule: @escaping FaultyDisk.Rule) throws -> (shop: Workshop, disk: FaultyDisk) {
        let disk = FaultyDisk(rule)
        return (try Workshop(size: 300_000, path: "sub/weights.bin", on: disk, in: shop.scratch), disk)
    }

    // MARK: Publishing

    @Test func `gives a verified file its name and takes the rest away`() throws {
        let status = try publisher().publish(try verified()).status
        #expect(final == shop.bytes)
        #expect(shop.scratch.names() == [".modelfetch", "sub", "sub/weights.bin"])
        #expect(try shop.directory.status(of: "sub/weights.bin") == status)
        #expect(status?.size == 300_000)
    }

    @Test(arguments: [true, false])
    func `makes the file durable, then names it, then makes the name durable`(isDurable: Bool) throws {
        let file = try verified()
        let before = disk.events.count
        _ = try publisher(isDurable: isDurable).publish(file)
        let order = disk.events[before...].filter { [.write, .synchronize, .rename, .remove].contains($0.call) }
        var expected: [FaultyDisk.Event] = [
            .init(call: .synchronize, subject: "sub/weights.bin.partial"),
            // A run that was killed may have made `sub`, and no more.
            .init(call: .synchronize, subject: shop.scratch.path),
            .init(call: .rename, subject: "weights.bin.partial -> weights.bin"),
            .init(call: .synchronize, subject: "sub"),
            .init(call: .remove, subject: "sub%2Fweights.bin.journal"),
        ]
        if !isDurable { expected.removeAll { $0.call == .synchronize } }
        #expect(Array(order) == expected)
    }

    @Test(arguments: [EIO, ENOSPC, EDQUOT])
    func `does not name what could not be made durable, and forgets what is cached of it`(code: Int32) throws {
        let (shop, disk) = try failing { event, _, _ in
            event.call == .synchronize && event.subject == "sub/weights.bin.partial" ? .fail(code) : nil
        }
        let file = try verified(in: shop)
        let publisher = Publisher(directory: shop.directory, isDurable: true)
        let error = #expect(throws: StorageError.self) { try publisher.publish(file) }
        #expect(error?.code == (code == EIO ? .failed : .noSpace))
        #expect(error?.path == shop.scratch.path("sub/weights.bin.partial"))
        #expect(final == nil)
        #expect(shop.scratch.exists(shop.names.partial))
        #expect(disk.events.contains(.init(call: .forgetCached, subject: "sub/weights.bin.partial")))
        // The next run reads back every extent before it believes it.
        let partial = try self.shop.open()
        #expect(partial.heldBytes == 0)
        #expect(partial.claimedBytes == 300_000)
    }

    @Test func `that cannot make the name durable says so, and the bytes are right`() throws {
        let (shop, _) = try failing { event, _, _ in
            event.call == .synchronize && event.subject == "sub" ? .fail(EIO) : nil
        }
        // The directory is made beforehand, so that only the publisher synchronizes it.
        _ = try self.shop.open()
        let file = try verified(in: shop)
        #expect(
            try storageCode { _ = try Publisher(directory: shop.directory, isDurable: true).publish(file) } == .failed)
        #expect(final == shop.bytes)
    }

    enum Disturbance: String, CaseIterable { case swapped, removed, cut, grown, symlinked, parentMoved }

    @Test(arguments: Disturbance.allCases)
    func `does not name anything but the bytes that were hashed`(disturbance: Disturbance) throws {
        let file = try verified()
        let (name, scratch) = (shop.names.partial, shop.scratch)
        try scratch.write([1], to: "sub/weights.bin")
        switch disturbance {
        case .swapped:
            try scratch.remove(name)
            try scratch.write(shop.bytes.reversed(), to: name)
        case .removed: try scratch.remove(name)
        case .cut: try scratch.truncate(name, to: 299_999)
        case .grown: try scratch.overwrite(name, at: 300_000, with: [0])
        case .symlinked:
            try FileManager.default.moveItem(atPath: scratch.path(name), toPath: scratch.path("sub/real"))
            try #require(symlink("real", scratch.path(name)) == 0)
        case .parentMoved:
            try FileManager.default.moveItem(atPath: scratch.path("sub"), toPath: scratch.path("elsewhere"))
        }
        #expect(try storageCode { _ = try publisher().publish(file) } == .modifiedExternally)
        #expect(disk.events.allSatisfy { $0.call != .rename })
        if disturbance != .parentMoved { #expect(final == [1]) }
    }

    @Test func `does not publish a file that was exchanged just before the rename`() throws {
        let scratch = shop.scratch
        let other = Array(shop.bytes.reversed())
        let (shop, _) = try failing { event, nth, _ in
            // The first rename is that to the final name.
            guard event.call == .rename, nth == 0 else { return nil }
            try? scratch.remove("sub/weights.bin.partial")
            try? scratch.write(other, to: "sub/weights.bin.partial")
            return nil
        }
        let file = try verified(in: shop)
        let publisher = Publisher(directory: shop.directory, isDurable: true)
        #expect(try storageCode { _ = try publisher.publish(file) } == .modifiedExternally)
        #expect(final == nil)
        #expect(scratch.read("sub/weights.bin.partial") == other)
    }

    @Test func `leaves the name to a faster run if locks have no effect`() throws {
        let scratch = shop.scratch
        let bytes = shop.bytes
        let disk = FaultyDisk { event, nth, _ in
            // The other run gives its own file the name between the renaming and what comes after.
            guard event.call == .status, event.subject == "weights.bin", nth > 0 else { return nil }
            try? scratch.write(bytes, to: "sub/other")
            try? FileManager.default.removeItem(atPath: scratch.path("sub/weights.bin"))
            try? FileManager.default.moveItem(
                atPath: scratch.path("sub/other"), toPath: scratch.path("sub/weights.bin"))
            return nil
        }
        let directory = try ModelDirectory(creating: scratch.path, on: disk)
        let names = PartialNames(path: "sub/weights.bin", tag: "0123abcd")
        let partial = try PartialFile(in: directory, names: names, identity: shop.identity, key: testKey)
        try shop.fill(partial)
        _ = try Publisher(directory: directory, isDurable: true).publish(try partial.finishVerified())
        #expect(final == bytes)
    }

    @Test func `follows no symlink that has the name, and does not replace it`() throws {
        try shop.scratch.write([9], to: "precious")
        try shop.scratch.makeDirectory(of: "sub/weights.bin")
        try #require(symlink("../precious", shop.scratch.path("sub/weights.bin")) == 0)
        let file = try verified()
        #expect(try storageCode { _ = try publisher().publish(file) } == .notRegularFile)
        #expect(shop.scratch.read("precious") == [9])
        #expect(try shop.directory.status(of: "sub/weights.bin")?.kind == .symlink)
        #expect(shop.scratch.read(shop.names.partial) == shop.bytes)
    }

    @Test func `does not publish over a directory`() throws {
        let file = try verified()
        try shop.scratch.makeDirectory(of: "sub/weights.bin/x")
        #expect(try storageCode { _ = try publisher().publish(file) } == .notRegularFile)
        #expect(shop.scratch.read(shop.names.partial) == shop.bytes)
    }

    @Test func `makes everything with the modes that the user's mask leaves`() throws {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("Umask:") })
        let mask = try #require(Int(line.split(separator: "\t")[1], radix: 8))
        let lock = try DirectoryLock.tryAcquire(in: shop.directory)
        _ = try shop.open()
        var names = ["sub/weights.bin.partial", ".modelfetch/sub%2Fweights.bin.journal", ".modelfetch/lock"]
        let mode = { (name: String) in
            try FileManager.default.attributesOfItem(atPath: shop.scratch.path(name))[.posixPermissions] as? Int
        }
        for name in names { #expect(try mode(name) == 0o666 & ~mask) }
        _ = try publisher().publish(try verified())
        try Receipts().write(in: shop.directory, isDurable: false)
        names = ["sub/weights.bin", StateNames.receipts]
        for name in names { #expect(try mode(name) == 0o666 & ~mask) }
        for name in ["sub", ".modelfetch"] { #expect(try mode(name) == 0o777 & ~mask) }
        withExtendedLifetime(lock) {}
    }

    // MARK: Adopting and withdrawing

    @Test func `makes a right file durable with its name`() throws {
        try shop.prepare([0..<1000])
        try shop.scratch.remove(shop.names.partial)
        try shop.scratch.write(shop.bytes, to: "sub/weights.bin")
        let stored = try #require(try StoredFile("sub/weights.bin", in: shop.directory))
        let file = try #require(stored.verified(try stored.digest { _ in }, as: shop.identity))
        let before = disk.events.count
        let status = try publisher().adopt(file, hashedAs: stored.status)
        let order = disk.events[before...].filter { $0.call == .synchronize }.map(\.subject)
        #expect(order == ["sub/weights.bin", shop.scratch.path, "sub"])
        #expect(status == stored.status)
        #expect(final == shop.bytes)
        // It stands under its name already: there is nothing to publish.
        #expect(try storageCode { _ = try publisher().publish(file) } == .modifiedExternally)
        #expect(final == shop.bytes)
    }

    @Test func `takes a damaged file's name away and keeps its bytes`() throws {
        // An older partial and its journal are there as well.
        try shop.prepare([0..<1000])
        var damaged = shop.bytes
        damaged[123_456] ^= 1
        try shop.scratch.write(damaged, to: "sub/weights.bin")
        let before = disk.events.count
        try publisher().withdraw(shop.names)
        #expect(final == nil)
        let order = disk.events[before...].filter { [.synchronize, .rename, .remove].contains($0.call) }
        #expect(
            Array(order) == [
                .init(call: .remove, subject: "sub%2Fweights.bin.journal"),
                .init(call: .rename, subject: "weights.bin -> weights.bin.partial"),
                .init(call: .synchronize, subject: "sub"),
            ])
        let partial = try shop.open()
        #expect(partial.claimedBytes == 300_000)
        try partial.checkAll()
        #expect(throws: PartialFile.Mismatch.self) { try partial.finishVerified() }
        try partial.void(123_000..<124_000)
        try shop.fill(partial)
        _ = try publisher().publish(try partial.finishVerified())
        #expect(final == shop.bytes)
    }

    @Test func `withdraws nothing that is not there`() throws {
        try shop.prepare([0..<1000])
        #expect(try storageCode { try publisher().withdraw(shop.names) } == .failed)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A stored file` {
    @Test func `is hashed and compared`() throws {
        let shop = try Workshop(size: 2_500_000)
        try shop.scratch.write(shop.bytes, to: "weights.bin")
        let stored = try #require(try StoredFile("weights.bin", in: shop.directory))
        var told: [Int] = []
        let digest = try stored.digest { told.append($0) }
        #expect(digest == shop.identity.sha256)
        #expect(told.reduce(0, +) == 2_500_000)
        #expect(told.allSatisfy { $0 <= 1 << 20 })
        #expect(stored.verified(digest, as: shop.identity)?.digest == digest)
        #expect(stored.verified(sha256([1]), as: shop.identity) == nil)
        #expect(stored.verified(digest, as: FileIdentity(path: "weights.bin", size: 9, sha256: digest)) == nil)
        #expect(stored.verified(digest, as: FileIdentity(path: "weights.bin", size: 2_500_000, sha256: nil)) != nil)
        #expect(try stored.bytes(at: 2_499_990, count: 100) == Array(shop.bytes[2_499_990...]))
        #expect(try stored.bytes(at: 3_000_000, count: 100) == [])
        #expect(try StoredFile("missing", in: shop.directory) == nil)
    }

    @Test func `that changes while it is read has no digest`() throws {
        let shop = try Workshop(size: 2_500_000)
        try shop.scratch.write(shop.bytes, to: "weights.bin")
        for change in [
            { try shop.scratch.truncate("weights.bin", to: 2_400_000) },
            { try shop.scratch.overwrite("weights.bin", at: 0, with: [1]) },
        ] {
            let stored = try #require(try StoredFile("weights.bin", in: shop.directory))
            var isFirst = true
            let error = #expect(throws: StoredFileError.self) {
                try stored.digest { _ in
                    if isFirst { try? change() }
                    isFirst = false
                }
            }
            guard case .storage(let storage) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(storage.code == .modifiedExternally)
        }
    }

    @Test func `is read no further when its listener has enough`() throws {
        let shop = try Workshop(size: 2_500_000)
        try shop.scratch.write(shop.bytes, to: "weights.bin")
        let stored = try #require(try StoredFile("weights.bin", in: shop.directory))
        let error = #expect(throws: StoredFileError.self) {
            try stored.digest { _ throws(CancellationError) in throw CancellationError() }
        }
        guard case .cancelled = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
