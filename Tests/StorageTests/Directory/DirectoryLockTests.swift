import Foundation
import Glibc
import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(10))) struct `A directory's lock` {
    private let scratch: Scratch
    private let directory: ModelDirectory

    init() throws {
        scratch = try Scratch()
        directory = try ModelDirectory(existing: scratch.path, on: SystemDisk())
    }

    private func directory(_ rule: @escaping FaultyDisk.Rule) throws -> ModelDirectory {
        try ModelDirectory(existing: scratch.path, on: FaultyDisk(rule))
    }

    @Test func `is held by one at a time and freed with its value`() throws {
        var lock = try DirectoryLock.tryAcquire(in: directory)
        #expect(lock?.isEffective == true)
        #expect(try DirectoryLock.tryAcquire(in: directory) == nil)
        withExtendedLifetime(lock) {}
        lock = nil
        #expect(try DirectoryLock.tryAcquire(in: directory)?.isEffective == true)
        #expect(scratch.read(".modelfetch/lock") == [])
    }

    @Test(arguments: [FaultyDisk.Fault.lie, .fail(ENOLCK), .fail(EOPNOTSUPP), .fail(EIO)])
    func `reports when it excludes nothing`(fault: FaultyDisk.Fault) throws {
        let directory = try directory { event, _, _ in event.call == .lock ? fault : nil }
        let lock = try #require(try DirectoryLock.tryAcquire(in: directory))
        #expect(!lock.isEffective)
        #expect(try DirectoryLock.tryAcquire(in: directory) != nil)
        withExtendedLifetime(lock) {}
    }

    @Test func `is taken although the call is interrupted`() throws {
        let directory = try directory { event, nth, _ in event.call == .lock && nth % 3 != 2 ? .fail(EINTR) : nil }
        #expect(try DirectoryLock.tryAcquire(in: directory)?.isEffective == true)
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/flock"), "needs flock(1)"))
    func `of another process is seen until that ends`() throws {
        try scratch.write([], to: ".modelfetch/lock")
        let other = Process()
        other.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        other.arguments = [scratch.path(".modelfetch/lock"), "/bin/sh", "-c", "echo held; read line"]
        let (input, output) = (Pipe(), Pipe())
        other.standardInput = input
        other.standardOutput = output
        try other.run()
        #expect(try output.fileHandleForReading.read(upToCount: 4) == Data("held".utf8))
        #expect(try DirectoryLock.tryAcquire(in: directory) == nil)
        try input.fileHandleForWriting.close()
        other.waitUntilExit()
        #expect(try DirectoryLock.tryAcquire(in: directory)?.isEffective == true)
    }

    @Test(arguments: [false, true])
    func `is not on a file that was deleted before it was locked`(isReplaced: Bool) throws {
        let scratch = scratch
        let directory = try directory { event, nth, _ in
            guard event.call == .lock, nth == 0 else { return nil }
            try? scratch.remove(".modelfetch/lock")
            if isReplaced { try? scratch.write([], to: ".modelfetch/lock") }
            return nil
        }
        let lock = try #require(try DirectoryLock.tryAcquire(in: directory))
        #expect(lock.isEffective)
        #expect(try DirectoryLock.tryAcquire(in: self.directory) == nil)
        withExtendedLifetime(lock) {}
    }

    @Test func `that keeps disappearing is an error`() throws {
        let scratch = scratch
        let directory = try directory { event, _, _ in
            if event.call == .lock { try? scratch.remove(".modelfetch/lock") }
            return nil
        }
        #expect(try storageCode { _ = try DirectoryLock.tryAcquire(in: directory) } == .modifiedExternally)
    }

    @Test func `whose file is deleted while it is held can be taken again`() throws {
        // No harm to truth: both runs verify what they publish. Documented by this test rather than promised.
        let first = try #require(try DirectoryLock.tryAcquire(in: directory))
        try scratch.remove(".modelfetch")
        let second = try #require(try DirectoryLock.tryAcquire(in: directory))
        #expect(second.isEffective)
        #expect(try DirectoryLock.tryAcquire(in: directory) == nil)
        withExtendedLifetime((first, second)) {}
    }

    @Test(
        arguments: [
            ("1: FLOCK  ADVISORY  WRITE 42 08:01:77 0 EOF", 42), ("1: POSIX  ADVISORY  WRITE 42 08:01:77 0 EOF", nil),
            ("1: FLOCK  ADVISORY  WRITE 42 08:01:78 0 EOF", nil),
            ("1: -> FLOCK  ADVISORY  WRITE 42 08:01:77 0 EOF", nil),
            ("1: FLOCK  ADVISORY  WRITE 42 08:01:77 0 EOF\n2: FLOCK  ADVISORY  WRITE 43 08:02:77 0 EOF", nil),
            ("1: FLOCK  ADVISORY  WRITE -1 08:01:77 0 EOF", nil), ("1: FLOCK", nil), ("", nil),
        ] as [(String, Int32?)])
    func `names its holder if the system's list names just one`(locks: String, process: Int32?) {
        #expect(DirectoryLock.holder(ofInode: 77, among: locks) == process)
    }
}
