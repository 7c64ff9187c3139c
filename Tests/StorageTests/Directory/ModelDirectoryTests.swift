import Foundation
import Glibc
import Storage
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A model directory` {
    private let scratch: Scratch
    private let directory: ModelDirectory

    init() throws {
        scratch = try Scratch()
        directory = try ModelDirectory(existing: scratch.path, on: SystemDisk())
    }

    // MARK: The path the user typed

    @Test(arguments: ["a", "a/b/c", "a/", "a/b//", "a//b", "./a", "a/../a/b", "ä/ü", "with space/\n"])
    func `is made with its parents`(name: String) throws {
        let path = scratch.path(name)
        if name.contains("..") {
            try FileManager.default.createDirectory(atPath: scratch.path("a"), withIntermediateDirectories: true)
        }
        let made = try ModelDirectory(creating: path, on: SystemDisk())
        #expect(made.isAtItsPath())
        #expect(made.path == path)
        #expect(made.display("x") == path + (path.hasSuffix("/") ? "x" : "/x"))
        // Again: what is there is opened.
        #expect(try ModelDirectory(creating: path, on: SystemDisk()).isAtItsPath())
    }

    @Test func `is durable in its parents when it is made`() throws {
        let disk = FaultyDisk()
        _ = try ModelDirectory(creating: scratch.path("a/b"), on: disk)
        let order = disk.events.filter { [.makeDirectory, .synchronize].contains($0.call) }
        let subjects = order.filter { $0.call == .synchronize }.map(\.subject)
        #expect(order.map(\.call).prefix(3) == [.makeDirectory, .makeDirectory, .makeDirectory])
        // Whoever was killed may have made any of them.
        #expect(subjects.prefix(2) == [scratch.path("a"), scratch.path])
        #expect(subjects.last == "/")
        _ = try DirectoryLock.tryAcquire(in: ModelDirectory(existing: scratch.path("a/b"), on: disk))
        let before = disk.events.count
        _ = try ModelDirectory(creating: scratch.path("a/b"), on: disk)
        #expect(!disk.events[before...].contains { $0.call == .synchronize })
    }

    @Test func `is not made where its name cannot be made durable`() throws {
        let disk = FaultyDisk { event, _, _ in event.call == .synchronize ? .fail(EIO) : nil }
        #expect(try storageCode { _ = try ModelDirectory(creating: scratch.path("a"), on: disk) } == .failed)
    }

    @Test func `is made where the path is relative`() throws {
        let name = "storage-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: name) }
        #expect(try ModelDirectory(creating: name, on: SystemDisk()).isAtItsPath())
        #expect(try ModelDirectory(creating: name + "/a/b/", on: SystemDisk()).isAtItsPath())
        #expect(try ModelDirectory(existing: ".", on: SystemDisk()).isAtItsPath())
    }

    @Test func `may be reached through a symlink that the user typed`() throws {
        try scratch.write([], to: "real/file")
        try #require(symlink(scratch.path("real"), scratch.path("link")) == 0)
        for path in ["link", "link/", "link/new"] {
            let linked = try ModelDirectory(creating: scratch.path(path), on: SystemDisk())
            #expect(linked.isAtItsPath())
        }
        #expect(try ModelDirectory(existing: scratch.path("link"), on: SystemDisk()).status(of: "file") != nil)
        #expect(scratch.exists("real/new"))
    }

    @Test func `that is missing or not a directory is reported`() throws {
        try scratch.write([1], to: "file")
        try #require(symlink("nowhere", scratch.path("dangling")) == 0)
        let open = { (name: String) in
            try storageCode { _ = try ModelDirectory(existing: scratch.path(name), on: SystemDisk()) }
        }
        let make = { (name: String) in
            try storageCode { _ = try ModelDirectory(creating: scratch.path(name), on: SystemDisk()) }
        }
        #expect(try open("missing") == .noSuchDirectory)
        #expect(try open("missing/below") == .noSuchDirectory)
        #expect(try open("file") == .notRegularFile)
        #expect(try open("dangling") == .noSuchDirectory)
        #expect(try make("file") == .notRegularFile)
        #expect(try make("file/below") == .notRegularFile)
        #expect(try make("dangling") == .noSuchDirectory)
        #expect(try storageCode { _ = try ModelDirectory(creating: "", on: SystemDisk()) } == .failed)
        #expect(scratch.names() == ["dangling", "file"])
    }

    @Test func `knows when it is no longer where it was`() throws {
        let model = try ModelDirectory(creating: scratch.path("m"), on: SystemDisk())
        #expect(model.isAtItsPath())
        try FileManager.default.moveItem(atPath: scratch.path("m"), toPath: scratch.path("n"))
        #expect(!model.isAtItsPath())
        try FileManager.default.createDirectory(atPath: scratch.path("m"), withIntermediateDirectories: false)
        #expect(!model.isAtItsPath())
        // What is done is done to the one that was opened.
        try model.replace("f", with: [1], isDurable: false)
        #expect(scratch.exists("n/f"))
        #expect(!scratch.exists("m/f"))
        try scratch.remove("n")
        #expect(!model.isAtItsPath())
        #expect(try storageCode { try model.replace("f", with: [1], isDurable: false) } == .modifiedExternally)
    }

    // MARK: Files below it

    static let disks = [true, false]

    @Test(arguments: disks)
    func `opens what is there, makes what is not, and says which`(usesOpenat2: Bool) throws {
        let disk = SystemDisk(usesOpenat2: usesOpenat2)
        let directory = try ModelDirectory(existing: scratch.path, on: disk)
        try scratch.write([1, 2, 3], to: "a/b/c")
        #expect(try directory.open("a/b/c", .read)?.status().size == 3)
        #expect(try directory.open("a/b/c", .update)?.status().size == 3)
        #expect(try directory.open("a/b/c", .create)?.status().size == 3)
        #expect(try storageCode { _ = try directory.open("a/b/c", .createNew) } == .failed)
        #expect(try directory.open("a/b/d", .read) == nil)
        #expect(try directory.open("a/b/d", .update) == nil)
        #expect(try directory.open("a/x/d", .create) == nil)
        #expect(!scratch.exists("a/b/d"))
        #expect(try directory.open("a/b/d", .createNew)?.status().size == 0)
        #expect(try storageCode { _ = try directory.open("a/b/c/d", .read) } == .notRegularFile)
        #expect(try storageCode { _ = try directory.open("a/b", .read) } == .notRegularFile)
        #expect(try directory.contents(of: "a/b/c", limit: 3) == [1, 2, 3])
        #expect(try directory.contents(of: "a/b/c", limit: 2) == nil)
        #expect(try directory.contents(of: "a/b/x", limit: 2) == nil)
        #expect(try directory.names(in: "a/b").sorted() == ["c", "d"])
        #expect(try directory.names(in: "") == ["a"])
        #expect(try directory.names(in: "a/x") == [])
    }

    @Test(arguments: disks, ["../outside", "a/../../outside", "/etc/hostname", "..", "a/.."])
    func `lets no path lead out of it`(usesOpenat2: Bool, path: String) throws {
        try scratch.write([], to: "inside/a/x")
        try scratch.write([7], to: "outside")
        let disk = SystemDisk(usesOpenat2: usesOpenat2)
        let directory = try ModelDirectory(existing: scratch.path("inside"), on: disk)
        for access in [Access.read, .update, .create, .createNew] {
            let code = try storageCode { _ = try directory.open(path, access) }
            #expect(code == .failed || code == .notRegularFile)
        }
        #expect(scratch.read("outside") == [7])
    }

    @Test(arguments: disks)
    func `leaks no descriptors`(usesOpenat2: Bool) throws {
        let disk = SystemDisk(usesOpenat2: usesOpenat2)
        let directory = try ModelDirectory(existing: scratch.path, on: disk)
        try scratch.write([1], to: "a/b/c/d")
        // Other tests open files meanwhile, but none in this directory.
        func openHere() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { descriptor in
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + descriptor)
                return target?.hasPrefix(scratch.path) == true
            }
        }
        let before = try openHere()
        for _ in 0..<10 {
            _ = try directory.open("a/b/c/d", .read)
            _ = try directory.open("a/b/c/x", .read)
            _ = try? directory.open("a/b/c/d/e", .read)
            _ = try directory.status(of: "a/b/c/d")
        }
        #expect(try openHere() == before)
    }

    @Test func `replaces a file as a whole, whatever an earlier run left`() throws {
        try directory.replace("a/b/state", with: [1, 2, 3], isDurable: true)
        #expect(scratch.read("a/b/state") == [1, 2, 3])
        try scratch.write([9, 9, 9, 9, 9], to: "a/b/state.new")
        try directory.replace("a/b/state", with: [4], isDurable: false)
        #expect(scratch.read("a/b/state") == [4])
        #expect(scratch.names() == ["a", "a/b", "a/b/state"])
    }

    @Test func `makes a replaced file durable before its name, and its name then`() throws {
        let disk = FaultyDisk()
        let directory = try ModelDirectory(existing: scratch.path, on: disk)
        try directory.replace("state", with: [1], isDurable: true)
        let order = disk.events.filter { [.write, .synchronize, .rename].contains($0.call) }
        #expect(
            order == [
                .init(call: .write, subject: "state.new"), .init(call: .synchronize, subject: "state.new"),
                .init(call: .rename, subject: "state.new -> state"), .init(call: .synchronize, subject: scratch.path),
            ])
    }

    @Test func `keeps the old file when the new one cannot be written`() throws {
        try directory.replace("state", with: [1], isDurable: true)
        for call in [FaultyDisk.Call.write, .synchronize, .rename] {
            let disk = FaultyDisk { event, nth, _ in event.call == call && nth == 0 ? .fail(ENOSPC) : nil }
            let failing = try ModelDirectory(existing: scratch.path, on: disk)
            #expect(try storageCode { try failing.replace("state", with: [2], isDurable: true) } == .noSpace)
            #expect(scratch.read("state") == [1])
        }
    }

    /// What is free once a file could not be created, and what was the reason.
    static let reasons: [(room: FaultyDisk.Room, code: StorageError.Code)] = [
        (.init(bytes: 1 << 20, files: 0), .noInodes),
        (.init(bytes: 0, files: 0), .noInodes),
        // One was freed before anybody could ask.
        (.init(bytes: 1 << 20, files: 1), .noInodes),
        (.init(bytes: 4096, files: 1000), .noSpace),
        // A file system that creates inodes on demand, and has no room for them.
        (.init(bytes: 1 << 20, files: nil), .noSpace),
    ]

    @Test(arguments: reasons.indices)
    func `tells a lack of inodes from a lack of space, even when one was freed since`(index: Int) throws {
        let (room, code) = Self.reasons[index]
        let disk = FaultyDisk(room: room) { event, _, _ in
            [.open, .makeDirectory].contains(event.call) && event.subject == "new" ? .fail(ENOSPC) : nil
        }
        let failing = try ModelDirectory(existing: scratch.path, on: disk)
        #expect(try storageCode { _ = try failing.open("new", .create) } == code)
        #expect(try storageCode { try failing.makeParents(of: "new/file") } == code)
    }

    @Test func `renames over what is there, and removes what may be gone`() throws {
        try scratch.write([1], to: "a/x")
        try scratch.write([2], to: "b/y")
        try directory.rename("a/x", to: "b/y")
        #expect(scratch.read("b/y") == [1])
        #expect(!scratch.exists("a/x"))
        #expect(try storageCode { try directory.rename("a/x", to: "b/y") } == .failed)
        #expect(try storageCode { try directory.rename("b/y", to: "missing/y") } == .failed)
        try directory.remove("b/y")
        try directory.remove("b/y")
        try directory.remove("missing/y")
        #expect(try storageCode { try directory.remove("a") } == .notRegularFile)
        #expect(scratch.names() == ["a", "b"])
    }

    @Test func `tells a symlink from what it leads to`() throws {
        try scratch.write([1], to: "file")
        try #require(symlink("file", scratch.path("link")) == 0)
        #expect(try directory.status(of: "link")?.kind == .symlink)
        #expect(try directory.status(of: "file")?.kind == .regular)
        #expect(try directory.status(of: "missing") == nil)
        #expect(try directory.status(of: "missing/too") == nil)
        #expect(try storageCode { _ = try directory.open("link", .read) } == .notRegularFile)
        #expect(try directory.freeBytes() > 0)
    }
}
