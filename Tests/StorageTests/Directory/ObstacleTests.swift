import Foundation
import Glibc
import Hashing
import Storage
import Testing

/// Things that somebody put where a file of ours belongs. See also row 66 of the list of faults: nothing may hang, nothing
/// outside may change.
@Suite(.timeLimit(.minutes(10))) struct `An obstacle` {
    enum Obstacle: String, CaseIterable { case symlink, danglingSymlink, symlinkedDirectory, fifo, directory, device }

    private let outside: Scratch
    private let shop: Workshop
    private let outsideNames: [String]

    init() throws {
        outside = try Scratch()
        try outside.write(Array("precious".utf8), to: "file")
        try outside.write(Array("precious".utf8), to: "directory/file")
        shop = try Workshop(size: 1000, path: "sub/weights.bin")
        outsideNames = outside.names()
    }

    private func put(_ obstacle: Obstacle, at name: String, in scratch: Scratch) throws {
        try scratch.makeDirectory(of: name)
        let path = scratch.path(name)
        switch obstacle {
        case .symlink: try #require(symlink(outside.path("file"), path) == 0)
        case .danglingSymlink: try #require(symlink(outside.path("new"), path) == 0)
        case .symlinkedDirectory: try #require(symlink(outside.path("directory"), path) == 0)
        case .fifo: try #require(mkfifo(path, 0o666) == 0)
        case .directory: try #require(mkdir(path, 0o777) == 0)
        case .device:
            // /dev/null: 1, 3, as makedev(3) has it.
            guard mknod(path, S_IFCHR | 0o666, 1 << 8 | 3) == 0 else {
                try Test.cancel("making a device needs root")
            }
        }
    }

    private func expectNothingOutside() {
        #expect(outside.names() == outsideNames)
        #expect(outside.read("file") == Array("precious".utf8))
        #expect(outside.read("directory/file") == Array("precious".utf8))
    }

    @Test(arguments: Obstacle.allCases, ["sub/weights.bin.partial", ".modelfetch/sub%2Fweights.bin.journal"])
    func `of a partial or its journal is reported`(obstacle: Obstacle, name: String) throws {
        try put(obstacle, at: name, in: shop.scratch)
        for disk in [SystemDisk(), SystemDisk(usesOpenat2: false)] {
            let directory = try ModelDirectory(existing: shop.scratch.path, on: disk)
            let code = try storageCode {
                _ = try PartialFile(in: directory, names: shop.names, identity: shop.identity, key: testKey)
            }
            #expect(code == .notRegularFile)
        }
        expectNothingOutside()
    }

    @Test(arguments: Obstacle.allCases.filter { $0 != .directory }, ["sub", ".modelfetch"])
    func `of a directory is reported`(obstacle: Obstacle, name: String) throws {
        try put(obstacle, at: name, in: shop.scratch)
        for disk in [SystemDisk(), SystemDisk(usesOpenat2: false)] {
            let directory = try ModelDirectory(existing: shop.scratch.path, on: disk)
            let code = try storageCode {
                _ = try PartialFile(in: directory, names: shop.names, identity: shop.identity, key: testKey)
            }
            #expect(code == .notRegularFile)
            if name == ".modelfetch" {
                #expect(try storageCode { _ = try DirectoryLock.tryAcquire(in: directory) } == .notRegularFile)
                #expect(try storageCode { try Receipts().write(in: directory, isDurable: true) } == .notRegularFile)
                #expect(Receipts(in: directory) == Receipts())
            } else {
                #expect(try storageCode { _ = try StoredFile("sub/weights.bin", in: directory) } == .notRegularFile)
                #expect(try storageCode { try directory.remove("sub/file") } == .notRegularFile)
                #expect(try storageCode { try directory.rename("sub/file", to: "stolen") } == .notRegularFile)
                #expect(try storageCode { _ = try directory.names(in: "sub") } == .notRegularFile)
            }
        }
        expectNothingOutside()
    }

    @Test(arguments: Obstacle.allCases)
    func `of the lock is reported`(obstacle: Obstacle) throws {
        try put(obstacle, at: ".modelfetch/lock", in: shop.scratch)
        #expect(try storageCode { _ = try DirectoryLock.tryAcquire(in: shop.directory) } == .notRegularFile)
        expectNothingOutside()
    }

    @Test(arguments: Obstacle.allCases)
    func `of the receipts is replaced or reported, and never read`(obstacle: Obstacle) throws {
        try put(obstacle, at: StateNames.receipts, in: shop.scratch)
        #expect(Receipts(in: shop.directory) == Receipts())
        let code = try storageCode { try Receipts().write(in: shop.directory, isDurable: true) }
        #expect(code == (obstacle == .directory ? .notRegularFile : nil))
        expectNothingOutside()
    }

    @Test(arguments: Obstacle.allCases)
    func `of a new copy of the receipts is removed or reported`(obstacle: Obstacle) throws {
        try put(obstacle, at: StateNames.receipts + ".new", in: shop.scratch)
        let code = try storageCode { try Receipts().write(in: shop.directory, isDurable: true) }
        #expect(code == (obstacle == .directory ? .notRegularFile : nil))
        expectNothingOutside()
    }

    @Test(arguments: Obstacle.allCases)
    func `of a final name is not read`(obstacle: Obstacle) throws {
        try put(obstacle, at: "sub/weights.bin", in: shop.scratch)
        #expect(try storageCode { _ = try StoredFile("sub/weights.bin", in: shop.directory) } == .notRegularFile)
        expectNothingOutside()
    }

    @Test(arguments: ["sub/weights.bin.partial", ".modelfetch/sub%2Fweights.bin.journal"])
    func `that has other names is left alone, and its bytes are copied`(name: String) throws {
        try shop.prepare([0..<500])
        let journal = shop.scratch.read(shop.names.journal)
        try FileManager.default.linkItem(atPath: shop.scratch.path(name), toPath: outside.path("linked"))
        let before = outside.read("linked")
        let partial = try shop.open()
        #expect(partial.claimedBytes == 500 && shop.scratch.read(shop.names.journal) == journal)
        #expect(try partial.checkAll() == [])
        try shop.fill(partial)
        #expect(try partial.finishVerified().digest == shop.identity.sha256)
        #expect(outside.read("linked") == before)
        #expect(!shop.scratch.names().contains { $0.hasSuffix(".new") })
        #expect(shop.scratch.read(shop.names.partial) == shop.bytes)
    }

    @Test func `that may not be written is reported`() throws {
        if geteuid() == 0 { try Test.cancel("root may write everything") }
        try shop.prepare([0..<500])
        try #require(chmod(shop.scratch.path(shop.names.partial), 0o444) == 0)
        #expect(try storageCode { _ = try shop.open() } == .failed)
    }
}
