import Foundation
import Glibc
import Hashing
import Testing

@testable import Storage

/// What stood under a final name when a verified file takes it.
@Suite(.timeLimit(.minutes(10))) struct `What had the name of a published file` {
    private static let kept = ".modelfetch/replaced/sub/weights.bin"
    private let scratch: Scratch
    private let theirs = [UInt8](repeating: 0x42, count: 150_000)

    init() throws { scratch = try Scratch() }

    private func shop(_ rule: @escaping FaultyDisk.Rule = { _, _, _ in nil }) throws -> (Workshop, FaultyDisk) {
        let disk = FaultyDisk(rule)
        return (try Workshop(size: 200_000, path: "sub/weights.bin", on: disk, in: scratch), disk)
    }

    private func verified(_ shop: Workshop) throws -> VerifiedFile {
        let partial = try shop.open()
        try partial.checkAll()
        try shop.fill(partial)
        return try partial.finishVerified()
    }

    private var final: [UInt8]? { scratch.read("sub/weights.bin") }

    @Test func `is kept under its own path before its name is taken, durably`() throws {
        let (shop, disk) = try shop()
        try scratch.write(theirs, to: "sub/weights.bin")
        let file = try verified(shop)
        let before = disk.events.count
        let (_, kept) = try Publisher(directory: shop.directory, isDurable: true).publish(file)
        #expect(kept == .init(path: Self.kept, size: 150_000))
        #expect(final == shop.bytes && scratch.read(Self.kept) == theirs)
        let order = disk.events[before...].filter {
            [.link, .rename].contains($0.call) || $0.subject == ".modelfetch/replaced/sub" && $0.call == .synchronize
        }
        #expect(
            order.map(\.call) == [.link, .synchronize, .rename], "\(order)")
    }

    @Test(arguments: [EPERM, EXDEV, EOPNOTSUPP, EMLINK])
    func `is copied where the file system has no hard links`(code: Int32) throws {
        let (shop, _) = try shop { event, _, _ in event.call == .link ? .fail(code) : nil }
        try scratch.write(theirs, to: "sub/weights.bin")
        _ = try Publisher(directory: shop.directory, isDurable: true).publish(try verified(shop))
        #expect(final == shop.bytes && scratch.read(Self.kept) == theirs)
    }

    @Test(arguments: [FaultyDisk.Call.link, .copy])
    func `keeps its name when it can be kept nowhere`(call: FaultyDisk.Call) throws {
        let (shop, _) = try shop { event, _, _ in
            if event.call == .clone { return .fail(EOPNOTSUPP) }
            if event.call == .link { return .fail(call == .link ? ENOSPC : EPERM) }
            return event.call == .copy ? .fail(ENOSPC) : nil
        }
        try scratch.write(theirs, to: "sub/weights.bin")
        let file = try verified(shop)
        let code = try storageCode { _ = try Publisher(directory: shop.directory, isDurable: true).publish(file) }
        #expect(code == .noSpace)
        #expect(final == theirs && !scratch.exists(Self.kept))
        #expect(scratch.read(shop.names.partial) == shop.bytes)
    }

    @Test func `is not kept when it holds nothing of its own, or may go`() throws {
        let (shop, _) = try shop()
        let publisher = Publisher(directory: shop.directory, isDurable: false)
        for stump in [[], Array(shop.bytes[..<777]), shop.bytes, shop.bytes + [0, 0, 0]] {
            try scratch.write(stump, to: "sub/weights.bin")
            #expect(try publisher.publish(try verified(shop)).kept == nil)
            #expect(final == shop.bytes)
        }
        try scratch.write(theirs, to: "sub/weights.bin")
        let status = try shop.directory.status(of: "sub/weights.bin")
        #expect(try publisher.publish(try verified(shop), over: status).kept == nil)
        #expect(final == shop.bytes && !scratch.exists(".modelfetch/replaced"))
    }

    @Test(arguments: ["symlink", "directory", "fifo"])
    func `is refused when it is no file at all`(kind: String) throws {
        let (shop, _) = try shop()
        let file = try verified(shop)
        let path = scratch.path("sub/weights.bin")
        switch kind {
        case "symlink": try #require(symlink("/etc/hostname", path) == 0)
        case "fifo": try #require(mkfifo(path, 0o600) == 0)
        default: try #require(mkdir(path, 0o700) == 0)
        }
        let code = try storageCode { _ = try Publisher(directory: shop.directory, isDurable: false).publish(file) }
        #expect(code == .notRegularFile)
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG)
    }

    /// A receipt must not speak for bytes that nobody hashed.
    @Test func `gets no receipt when another program writes to it right after it got its name`() throws {
        let scratch = scratch
        let (shop, _) = try shop { event, _, _ in
            guard event.call == .synchronize, event.subject == "sub", scratch.exists("sub/weights.bin") else {
                return nil
            }
            try? scratch.overwrite("sub/weights.bin", at: 7, with: [1, 2, 3])
            return nil
        }
        let publisher = Publisher(directory: shop.directory, isDurable: true)
        #expect(try publisher.publish(try verified(shop)).status == nil)
        // Nor a file that was found right, and changed before it was made durable.
        try scratch.write(shop.bytes, to: "sub/weights.bin")
        let stored = try #require(try StoredFile("sub/weights.bin", in: shop.directory))
        let file = try #require(stored.verified(try stored.digest { _ in }, as: shop.identity))
        #expect(try publisher.adopt(file, hashedAs: stored.status) == nil)
    }

    @Test func `is kept when it is another one than may go`() throws {
        let (shop, _) = try shop()
        try scratch.write(theirs, to: "sub/weights.bin")
        let status = try shop.directory.status(of: "sub/weights.bin")
        // Somebody puts another file there while the right one is fetched.
        try scratch.remove("sub/weights.bin")
        try scratch.write(theirs.map { $0 ^ 1 }, to: "sub/weights.bin")
        let publisher = Publisher(directory: shop.directory, isDurable: false)
        #expect(try publisher.publish(try verified(shop), over: status).kept?.size == 150_000)
        #expect(scratch.read(Self.kept) == theirs.map { $0 ^ 1 })
    }

    /// A run that ends at any call, whatever it is, leaves the old file or the new one, whole; and the next run puts it right.
    @Test(arguments: [false, true])
    func `is there, whole, wherever the run ends`(hasLinks: Bool) throws {
        let refusal: FaultyDisk.Rule = { event, _, _ in
            event.call == .link && !hasLinks ? .fail(EPERM) : event.call == .clone ? .fail(EOPNOTSUPP) : nil
        }
        let total: Int = try {
            let (shop, disk) = try shop(refusal)
            try scratch.write(theirs, to: "sub/weights.bin")
            _ = try Publisher(directory: shop.directory, isDurable: true).publish(try verified(shop))
            return disk.fallibleCalls
        }()
        for last in 0..<total {
            try? FileManager.default.removeItem(atPath: scratch.path(".modelfetch"))
            try scratch.write(theirs, to: "sub/weights.bin")
            do {
                let (shop, _) = try shop { event, nth, index in index >= last ? .fail(EIO) : refusal(event, nth, index)
                }
                _ = try Publisher(directory: shop.directory, isDurable: true).publish(try verified(shop))
            } catch is StorageError {}
            let isKept = scratch.read(Self.kept) == theirs
            #expect(final == theirs || isKept, "after call \(last)")
            let (shop, _) = try shop(refusal)
            #expect(final == theirs || final == shop.bytes, "after call \(last)")
            guard final == theirs else { continue }
            _ = try Publisher(directory: shop.directory, isDurable: true).publish(try verified(shop))
            let copies = [Self.kept, Self.kept + ".2"].compactMap { scratch.read($0) }
            #expect(final == shop.bytes && copies.contains(theirs), "after call \(last)")
        }
    }
}

@Suite struct `How far two files are alike` {
    private func likeness(_ one: [UInt8], _ other: [UInt8]) -> Likeness {
        var likeness = Likeness()
        for start in stride(from: 0, to: max(one.count, other.count), by: Likeness.blockBytes) {
            let end = { (bytes: [UInt8]) in
                bytes[min(start, bytes.count)..<min(start + Likeness.blockBytes, bytes.count)]
            }
            end(one).withUnsafeBytes { one in end(other).withUnsafeBytes { likeness.compare(one, $0) } }
        }
        return likeness
    }

    @Test func `is measured in blocks, and shows whether one is a prefix of the other`() {
        let block = Likeness.blockBytes
        let right = (0..<20 * block).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
        var damaged = right
        damaged[0] ^= 1
        #expect(likeness(damaged, right).differing == 1 && !likeness(damaged, right).isStump)
        damaged[10 * block] ^= 1
        #expect(likeness(damaged, right).isDamage)
        damaged[15 * block] ^= 1
        #expect(!likeness(damaged, right).isDamage)
        for other in [[], Array(right[..<5000]), right, right + [0]] {
            #expect(likeness(other, right).isStump && likeness(other, right).isDamage)
        }
        // What was appended to a right file may be somebody's, unless it is zeros.
        #expect(likeness(right + [UInt8](repeating: 0, count: 3 * block), right).isStump)
        #expect(!likeness(right + [0, 0, 7], right).isStump)
        #expect(!likeness([1, 2, 3], []).isStump && likeness([], []).isStump)
        #expect(likeness(right, right).differing == 0)
        #expect(likeness(right, Array(right[..<(19 * block)])).differing == 1)
    }
}
