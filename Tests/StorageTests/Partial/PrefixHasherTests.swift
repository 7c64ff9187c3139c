import Hashing
import SeededRandom
import Synchronization
import Testing

@testable import Storage

@Suite struct `A prefix hasher` {
    /// A file with bytes, of which some are held.
    private final class Bench: Sendable {
        let scratch: Scratch
        let bytes: [UInt8]
        let held = Mutex(ExtentMap())
        let file: OpenFile

        init(size: Int) throws {
            scratch = try Scratch()
            var generator = SplitMix64(seed: UInt64(size))
            bytes = generator.bytes(size)
            try scratch.write(bytes, to: "f")
            let directory = try ModelDirectory(existing: scratch.path, on: SystemDisk())
            file = try #require(try directory.open("f", .read))
        }

        func hasher() -> PrefixHasher {
            PrefixHasher(of: file, size: Int64(bytes.count)) { [self] offset, limit in
                held.withLock { $0.contiguousEnd(from: offset, limit: limit) }
            }
        }

        func hold(_ range: Range<Int64>) { held.withLock { $0.insert(range, source: 1) } }

        /// Writes a range from memory, where the file may have other bytes.
        func offer(_ hasher: PrefixHasher, _ range: Range<Int64>) {
            hold(range)
            bytes.withUnsafeBytes { bytes in
                let part = UnsafeRawBufferPointer(rebasing: bytes[Int(range.lowerBound)..<Int(range.upperBound)])
                hasher.offer(LentBytes(part), at: range)
            }
        }
    }

    @Test func `takes what continues the prefix from memory`() throws {
        let bench = try Bench(size: 3000)
        let hasher = bench.hasher()
        // The file is not read: it has other bytes now.
        try bench.scratch.write([UInt8](repeating: 0, count: 3000), to: "f")
        for start in stride(from: Int64(0), to: 3000, by: 1000) { bench.offer(hasher, start..<start + 1000) }
        #expect(hasher.position == 3000)
        #expect(hasher.finish() == sha256(bench.bytes))
        #expect(hasher.position == 0)
    }

    @Test func `leaves bytes beyond a gap to whoever reads back`() throws {
        let bench = try Bench(size: 3 << 20)
        let hasher = bench.hasher()
        bench.hold(0..<1 << 20)
        bench.offer(hasher, 1 << 20..<3 << 20)
        #expect(hasher.position == 0)
        while try hasher.catchUp() {}
        #expect(hasher.finish() == sha256(bench.bytes))
    }

    @Test func `stops where bytes are missing`() throws {
        let bench = try Bench(size: 5000)
        let hasher = bench.hasher()
        bench.hold(0..<2000)
        bench.hold(3000..<5000)
        #expect(try hasher.catchUp())
        #expect(try !hasher.catchUp())
        #expect(hasher.position == 2000)
    }

    @Test(arguments: [(Int64(1000), Int64(0)), (1999, 0), (2000, 2000), (4000, 2000)])
    func `starts over when hashed bytes are discarded`(discarded: Int64, position: Int64) throws {
        let bench = try Bench(size: 5000)
        let hasher = bench.hasher()
        bench.hold(0..<2000)
        _ = try hasher.catchUp()
        try hasher.discard(discarded..<5000) { bench.held.withLock { $0.remove(discarded..<5000) } }
        #expect(hasher.position == position)
    }

    @Test func `does not take bytes that were discarded meanwhile`() throws {
        let bench = try Bench(size: 1000)
        let hasher = bench.hasher()
        bench.bytes.withUnsafeBytes { hasher.offer(LentBytes($0), at: 0..<1000) }
        #expect(hasher.position == 0)
    }

    @Test func `reports a file that became shorter`() throws {
        let bench = try Bench(size: 1000)
        let hasher = bench.hasher()
        bench.hold(0..<1000)
        try bench.scratch.truncate("f", to: 10)
        #expect(try storageCode { _ = try hasher.catchUp() } == .modifiedExternally)
    }
}
