import Hashing
import Storage
import Testing

@testable import ModelFetch

@Suite struct `A receipt of a file in a manifest` {
    private static let digest = TestModel.digest(of: [1])
    private static let otherDigest = TestModel.digest(of: [2])
    private static let status = FileStatus(
        kind: .regular, size: 90, allocated: 4096, modifiedNanoseconds: 1, changedNanoseconds: 2, inode: 3, device: 4,
        links: 1)

    private static func receipts(bootID: String?, pinned: Bool = true) -> Receipts {
        var receipts = Receipts()
        receipts.files["a"] = Receipts.Receipt(sha256: digest, pinned: pinned, status: status, bootID: bootID)
        return receipts
    }

    struct Case: Sendable {
        var size: Int64? = 90
        var sha256: SHA256Digest? = digest
        var change: @Sendable (inout FileStatus) -> Void = { _ in }
        var boot: String? = "this"
        var receiptBoot: String?
        var holds = true
    }

    @Test(arguments: [
        Case(),
        Case(size: nil), Case(sha256: nil), Case(size: nil, sha256: nil),
        Case(size: 91, holds: false), Case(size: 91, sha256: nil, holds: false),
        Case(sha256: otherDigest, holds: false),
        Case(boot: nil), Case(receiptBoot: "this"), Case(receiptBoot: "other", holds: false),
        Case(boot: nil, receiptBoot: "this", holds: false),
        Case(change: { $0.size = 89 }, holds: false), Case(change: { $0.inode = 9 }, holds: false),
        Case(change: { $0.modifiedNanoseconds = 9 }, holds: false),
        Case(change: { $0.changedNanoseconds = 9 }, holds: false), Case(change: { $0.kind = .symlink }, holds: false),
        // Neither changes with the content.
        Case(change: { $0.allocated = 0 }), Case(change: { $0.links = 2 }),
    ])
    func `holds while the file, the boot and the manifest are the same`(_ example: Case) throws {
        let file = try Self.file(size: example.size, sha256: example.sha256)
        var status = Self.status
        example.change(&status)
        let receipt = Self.receipts(bootID: example.receiptBoot).valid(for: file, status, bootID: example.boot)
        #expect((receipt != nil) == example.holds)
    }

    @Test func `is none for a file that has no receipt`() throws {
        let file = try Self.file(size: 90, sha256: Self.digest)
        #expect(Receipts().valid(for: file, Self.status, bootID: nil) == nil)
    }

    @Test func `tells the digest that was seen first only where the manifest has none`() throws {
        let (pinned, unpinned) = (
            try Self.file(size: 90, sha256: Self.digest), try Self.file(size: 90, sha256: nil)
        )
        #expect(Self.receipts(bootID: nil, pinned: false).firstSeenDigest(of: unpinned) == Self.digest)
        #expect(Self.receipts(bootID: nil, pinned: true).firstSeenDigest(of: unpinned) == nil)
        #expect(Self.receipts(bootID: nil, pinned: false).firstSeenDigest(of: pinned) == nil)
        #expect(Receipts().firstSeenDigest(of: unpinned) == nil)
    }

    private static func file(size: Int64?, sha256: SHA256Digest?) throws -> ManifestFile {
        ManifestFile(path: try ManifestPath("a"), size: size, sha256: sha256, unpinned: sha256 == nil ? "test" : nil)
    }
}
