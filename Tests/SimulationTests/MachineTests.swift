import Storage
import Testing

@testable import Simulation

/// The simulated disk keeps and loses what POSIX and ext4 allow, and nothing else.
@Suite struct `A simulated machine` {
    private let machine: Machine
    private let disk: SimulatedDisk

    init() throws {
        machine = Machine(Scheduler(seed: 1), seed: 1, fileSystem: .posix, capacity: 1 << 20)
        disk = SimulatedDisk(machine, events: [])
    }

    private func write(_ text: String, to file: Descriptor, at offset: Int64 = 0) throws {
        _ = try Array(text.utf8).withUnsafeBytes { bytes in try disk.write(file, bytes, at: offset) }
    }

    private func text(_ path: String) -> String? {
        guard let inode = machine.inode(at: path) else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(inode.size))
        _ = bytes.withUnsafeMutableBytes { inode.read(into: $0, at: 0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `a file that was synchronized with its directory survives a power cut`() throws {
        let root = try disk.openDirectory("/")
        let file = try disk.open("a", in: root, .create)
        try write("text", to: file)
        try disk.synchronize(file)
        try disk.synchronize(root)
        machine.losePower(luck: 0)
        #expect(text("/a") == "text")
    }

    @Test func `without an fsync nothing need survive, and with luck all does`() throws {
        for (luck, expected) in [(0, nil), (100, "text")] {
            let machine = Machine(Scheduler(seed: 1), seed: 1, fileSystem: .posix, capacity: 1 << 20)
            let disk = SimulatedDisk(machine, events: [])
            let file = try disk.open("a", in: try disk.openDirectory("/"), .create)
            _ = try Array("text".utf8).withUnsafeBytes { try disk.write(file, $0, at: 0) }
            machine.losePower(luck: luck)
            #expect(machine.inode(at: "/a").map { $0.holds(Array("text".utf8)) } == (expected == nil ? nil : true))
        }
    }

    @Test func `a rename happens or does not, and never halfway`() throws {
        let root = try disk.openDirectory("/")
        for name in ["new", "old"] {
            let file = try disk.open(name, in: root, .create)
            try write(name, to: file)
            try disk.synchronize(file)
        }
        try disk.synchronize(root)
        try disk.rename("new", in: root, to: "old", in: root)
        machine.losePower(luck: 50)
        let state = (text("/old"), text("/new"))
        #expect(state == ("old", "new") || state == ("new", nil))
    }

    @Test func `the kernel shows what a failed writeback lost, until it forgets`() throws {
        let file = try disk.open("a", in: try disk.openDirectory("/"), .create)
        try write("text", to: file)
        machine.inode(at: "/a")?.loseWriteback { _ in true }
        // It tells once, and then all seems well.
        #expect(throws: DiskError.self) { try disk.synchronize(file) }
        try disk.synchronize(file)
        #expect(text("/a") == "text")
        disk.forgetCached(file)
        #expect(text("/a") == "\0\0\0\0")
    }

    @Test func `a lock is its holder's, until the process dies`() throws {
        let other = SimulatedDisk(machine, events: [])
        let mine = try disk.open("lock", in: try disk.openDirectory("/"), .create)
        let theirs = try other.open("lock", in: try other.openDirectory("/"), .create)
        #expect(try disk.lock(mine))
        #expect(try !other.lock(theirs))
        disk.die()
        #expect(try other.lock(theirs))
    }

    @Test func `a full disk takes what there is room for`() throws {
        let small = Machine(Scheduler(seed: 1), seed: 1, fileSystem: .ext4, capacity: 8192)
        let disk = SimulatedDisk(small, events: [])
        let root = try disk.openDirectory("/")
        let file = try disk.open("a", in: root, .create)
        let bytes = [UInt8](repeating: 1, count: 10_000)
        #expect(try bytes.withUnsafeBytes { try disk.write(file, $0, at: 0) } == 8192)
        #expect(throws: DiskError.self) { _ = try bytes.withUnsafeBytes { try disk.write(file, $0, at: 8192) } }
        disk.close(file)
        try disk.remove("a", in: root)
        #expect(small.freePages == 2)
    }
}
