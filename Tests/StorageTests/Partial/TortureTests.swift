import Glibc
import Hashing
import Storage
import Testing

/// Every call that can fail fails once, in turn, over a whole scenario: what curl's tests call torture.
@Suite(.timeLimit(.minutes(10))) struct `A disk that fails` {
    enum Start: String, CaseIterable { case nothing, half, found, finished }

    /// One file of a model, brought into a directory.
    private struct Scenario {
        let shop: Workshop
        let start: Start

        init(_ start: Start) throws {
            shop = try Workshop(size: 600_000, path: "sub/weights.bin", on: Self.quick)
            self.start = start
            switch start {
            case .nothing: break
            case .half:
                try shop.prepare([0..<300_000, 350_000..<400_000])
                try shop.scratch.overwrite(shop.names.partial, at: 270_000, with: [0, 0, 0, 0])
            case .found: try shop.scratch.write(Array(shop.bytes[..<300_000]), to: shop.names.partial)
            case .finished: try shop.scratch.write(shop.bytes, to: "sub/weights.bin")
            }
        }

        /// Says that it synchronizes and does not: nobody cuts the power here, and it takes its time.
        static let quick = FaultyDisk { event, _, _ in event.call == .synchronize ? .lie : nil }

        func run(on disk: any Disk) throws {
            let directory = try ModelDirectory(creating: shop.scratch.path("."), on: disk)
            let lock = try DirectoryLock.tryAcquire(in: directory)
            try #require(lock != nil)
            let publisher = Publisher(directory: directory, isDurable: true)
            var receipts = Receipts(in: directory)
            let published: FileStatus?
            if let stored = try StoredFile("sub/weights.bin", in: directory),
                let file = stored.verified(try stored.digest { _ in }, as: shop.identity)
            {
                published = try publisher.adopt(file, hashedAs: stored.status)
            } else {
                published = try publisher.publish(try download(into: directory)).status
            }
            let status = try #require(published)
            let sha256 = try #require(shop.identity.sha256)
            receipts.files["sub/weights.bin"] = .init(sha256: sha256, pinned: true, status: status, bootID: nil)
            try receipts.write(in: directory, isDurable: true)
            withExtendedLifetime(lock) {}
        }

        private func download(into directory: ModelDirectory) throws -> VerifiedFile {
            let partial = try PartialFile(in: directory, names: shop.names, identity: shop.identity, key: testKey)
            do {
                try partial.reserve()
                let source = try partial.source(origin: "o", validator: "etag:2")
                // The back first, so that some of it is read back to be hashed.
                for start in [500_000, 400_000] {
                    try partial.write(shop.bytes[start..<start + 100_000], at: start, from: source)
                }
                try shop.fill(partial)
                try partial.checkAll()
                try shop.fill(partial)
                return try partial.finishVerified()
            } catch {
                // As every run ends that can still write.
                try? partial.flush()
                throw error
            }
        }

        /// That nothing wrong stands under the final name, and something right if it must.
        func expectRight(mustExist: Bool, _ comment: String) {
            let final = shop.scratch.read("sub/weights.bin")
            if mustExist || final != nil { #expect(final.map(sha256) == shop.identity.sha256, "\(comment)") }
        }
    }

    enum Failure: String, CaseIterable { case once, fromThenOn }

    @Test(arguments: Start.allCases, Failure.allCases)
    func `never gives a wrong file a final name, and the next run completes`(start: Start, failure: Failure) throws {
        let counting = FaultyDisk(over: Scenario.quick)
        let clean = try Scenario(start)
        try clean.run(on: counting)
        clean.expectRight(mustExist: true, "without any failure")
        let calls = counting.fallibleCalls
        #expect(calls > 20)

        for code in [EIO, ENOSPC] {
            for victim in 0..<calls {
                let scenario = try Scenario(start)
                let comment = "\(start), errno \(code) \(failure) at call \(victim)"
                let disk = FaultyDisk(over: Scenario.quick) { _, _, index in
                    index == victim || (failure == .fromThenOn && index > victim) ? .fail(code) : nil
                }
                do {
                    try scenario.run(on: disk)
                    scenario.expectRight(mustExist: true, comment)
                } catch is StorageError {
                    scenario.expectRight(mustExist: false, comment)
                } catch is StoredFileError {
                    scenario.expectRight(mustExist: false, comment)
                } catch {
                    Issue.record("\(comment): \(error)")
                }
                do { try scenario.run(on: Scenario.quick) } catch { Issue.record("after \(comment): \(error)") }
                scenario.expectRight(mustExist: true, "after \(comment)")
            }
        }
    }

    @Test(arguments: Start.allCases)
    func `to read or write all at once, or is interrupted, fails nothing`(start: Start) throws {
        let scenario = try Scenario(start)
        let disk = FaultyDisk(over: Scenario.quick) { event, nth, _ in
            guard event.call == .read || event.call == .write else { return nil }
            return nth % 2 == 0 ? .fail(EINTR) : .short
        }
        try scenario.run(on: disk)
        scenario.expectRight(mustExist: true, "\(start)")
        #expect(disk.events.count { $0.call == .read || $0.call == .write } > 20)
    }

    @Test func `to take anything of a write is full, not waited for`() throws {
        let disk = FaultyDisk(over: Scenario.quick) { event, _, _ in event.call == .write ? .nothing : nil }
        let scenario = try Scenario(.nothing)
        #expect(try storageCode { try scenario.run(on: disk) } == .noSpace)
        scenario.expectRight(mustExist: false, "")
    }

    @Test func `to store what it says it stored is found out by the next run`() throws {
        let scenario = try Scenario(.nothing)
        let disk = FaultyDisk(over: Scenario.quick) { event, nth, _ in
            event.call == .write && event.subject == scenario.shop.names.partial && nth % 3 == 1 ? .lie : nil
        }
        do {
            let shop = try Workshop(size: 600_000, path: "sub/weights.bin", on: disk, in: scenario.shop.scratch)
            try shop.prepare([0..<600_000])
        }
        let partial = try scenario.shop.open()
        let lost = try partial.checkAll()
        #expect(!lost.isEmpty)
        try scenario.shop.fill(partial)
        #expect(try partial.finishVerified().digest == scenario.shop.identity.sha256)
    }
}
