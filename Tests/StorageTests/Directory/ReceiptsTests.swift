import Foundation
import Hashing
import Storage
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A directory's receipts` {
    private let scratch: Scratch
    private let directory: ModelDirectory

    init() throws {
        scratch = try Scratch()
        directory = try ModelDirectory(existing: scratch.path, on: SystemDisk())
    }

    private static let status = FileStatus(
        kind: .regular, size: 90, allocated: 4096, modifiedNanoseconds: 1_700_000_000_123_456_789,
        changedNanoseconds: 1_700_000_001_000_000_000, inode: 1_234_567, device: 1, links: 1)

    private static func receipt(bootID: String? = nil) -> Receipts.Receipt {
        Receipts.Receipt(sha256: sha256([1]), pinned: true, status: status, bootID: bootID)
    }

    private func read(_ text: String) throws -> Receipts {
        try scratch.write(Array(text.utf8), to: StateNames.receipts)
        return Receipts(in: directory)
    }

    @Test(arguments: [true, false])
    func `are read as they were written`(isDurable: Bool) throws {
        var receipts = Receipts()
        receipts.model = "gpt2-124M"
        receipts.files["hparams.json"] = Self.receipt()
        receipts.files["a/b \"c\"\n.bin"] = Self.receipt(bootID: "boot")
        var huge = Self.receipt()
        (huge.size, huge.inode, huge.modifiedNanoseconds, huge.pinned) = (.max, .max, .min, false)
        receipts.files["ü"] = huge
        try receipts.write(in: directory, isDurable: isDurable)
        #expect(Receipts(in: directory) == receipts)
        #expect(scratch.names() == [".modelfetch", ".modelfetch/receipts.json"])
    }

    @Test func `have the form that is documented`() throws {
        let text = """
            { "format": "modelfetch-receipts/1", "model": "gpt2-124M", "later": [1],
              "files": { "hparams.json": { "sha256": "\(sha256([1]).hex)", "pinned": true, "size": 90, "inode": 1234567,
                                           "mtime_ns": 1700000000123456789, "ctime_ns": 1700000001000000000 } } }
            """
        let receipts = try read(text)
        #expect(receipts.model == "gpt2-124M")
        #expect(receipts.files == ["hparams.json": Self.receipt()])
    }

    @Test(arguments: [
        "", "{", "[]", "null", "\u{FEFF}{}", "{\"format\":\"modelfetch-receipts/1\"}",
        "{\"format\":\"modelfetch-receipts/2\",\"model\":\"m\",\"files\":{}}",
        "{\"format\":\"modelfetch-receipts/1\",\"model\":\"m\",\"files\":[]}",
        "{\"format\":\"modelfetch-receipts/1\",\"model\":\"m\",\"files\":{\"a\":{}}}",
        "{\"format\":\"modelfetch-receipts/1\",\"model\":\"m\",\"files\":{}} x",
        String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 100_000),
    ])
    func `that cannot be read are ignored`(text: String) throws {
        #expect(try read(text) == Receipts())
    }

    @Test(arguments: [
        "\"size\": 1e400", "\"size\": 99999999999999999999", "\"size\": \"90\"", "\"inode\": -1", "\"mtime_ns\": null",
        "\"mtime_ns\": 1.5",
    ])
    func `with wrong numbers are ignored`(field: String) throws {
        var fields = ["\"size\": 90", "\"inode\": 1", "\"mtime_ns\": 1", "\"ctime_ns\": 1", "\"pinned\": true"]
        let key = field.prefix { $0 != ":" }
        fields.removeAll { $0.hasPrefix(key) }
        let body = ([field] + fields).joined(separator: ",")
        let text = """
            {"format":"modelfetch-receipts/1","files":{"a":{"sha256":"\(sha256([1]).hex)",\(body)}}}
            """
        #expect(try read(text).files.isEmpty)
    }

    @Test func `with a wrong digest lose that file alone`() throws {
        let rest = "\"pinned\":true,\"size\":90,\"inode\":1,\"mtime_ns\":1,\"ctime_ns\":1"
        let text = """
            {"format":"modelfetch-receipts/1","files":{"a":{"sha256":"abc",\(rest)},"b":{"sha256":"\(sha256([1]).hex)",\(rest)}}}
            """
        #expect(try read(text).files.keys.sorted() == ["b"])
    }

    @Test func `with names that Swift takes for the same do not stop the program`() throws {
        let rest =
            "\"sha256\":\"\(sha256([1]).hex)\",\"pinned\":true,\"size\":90,\"inode\":1,\"mtime_ns\":1,\"ctime_ns\":1"
        let text = """
            {"format":"modelfetch-receipts/1","files":{"\u{E9}":{\(rest)},"e\u{301}":{\(rest)},"\u{E9}":{\(rest)}}}
            """
        #expect(try read(text).files.count <= 2)
    }

    @Test func `of a hundred thousand files are read, and those over the limit are none`() throws {
        var receipts = Receipts()
        receipts.model = "m"
        try receipts.write(in: directory, isDurable: false)
        let text = try #require(scratch.read(StateNames.receipts))
        let space = [UInt8](repeating: UInt8(ascii: " "), count: (17 << 20) - text.count)
        try scratch.write(text + space, to: StateNames.receipts)
        #expect(Receipts(in: directory) == receipts)
        try scratch.truncate(StateNames.receipts, to: Int64(Receipts.maximumLength) + 1)
        #expect(Receipts(in: directory) == Receipts())
    }

    @Test func `for which there is no room are left out, and what is written can be read`() throws {
        var receipts = Receipts()
        for name in ["a", "b", "c"] { receipts.files[name] = Self.receipt() }
        let whole = receipts.encoded()
        #expect(receipts.encoded(limit: whole.count) == whole)
        try scratch.write(receipts.encoded(limit: whole.count - 1), to: StateNames.receipts)
        #expect(Receipts(in: directory).files.keys.sorted() == ["a", "b"])
        try scratch.write(receipts.encoded(limit: 10), to: StateNames.receipts)
        #expect(Receipts(in: directory) == Receipts())
    }

    @Test(arguments: [
        ("\\u00e9\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\\"\\\\", "\u{E9}\u{1F600}/\u{8}\u{C}\n\r\t\"\\"),
        ("\u{1F600}", "\u{1F600}"),
        ("\\u0000", "\0"),
    ])
    func `have names as JSON writes them`(written: String, name: String) throws {
        let receipts = try read("{\"format\":\"modelfetch-receipts/1\",\"model\":\"\(written)\",\"files\":{}}")
        #expect(receipts.model == name)
    }

    @Test(arguments: ["\\ud83d", "\\ud83d\\u0041", "\\ude00", "\\u12g4", "\\u12", "\\x", "\n", "\\"])
    func `with a malformed string are ignored`(written: String) throws {
        let text = "{\"format\":\"modelfetch-receipts/1\",\"files\":{},\"model\":\"\(written)\"}"
        #expect(try read(text) == Receipts())
    }

    @Test func `match a file only as long as everything about it does`() {
        let receipt = Self.receipt()
        #expect(receipt.matches(Self.status, bootID: nil))
        #expect(receipt.matches(Self.status, bootID: "any"))
        let changes: [WritableKeyPath<FileStatus, Int64>] = [\.size, \.modifiedNanoseconds, \.changedNanoseconds]
        for change in changes {
            for difference: Int64 in [-1, 1] {
                var status = Self.status
                status[keyPath: change] += difference
                #expect(!receipt.matches(status, bootID: nil))
            }
        }
        var status = Self.status
        status.inode += 1
        #expect(!receipt.matches(status, bootID: nil))
        status = Self.status
        status.kind = .symlink
        #expect(!receipt.matches(status, bootID: nil))
    }

    @Test func `of a file that was not made durable hold for one boot`() {
        let receipt = Self.receipt(bootID: "this")
        #expect(receipt.matches(Self.status, bootID: "this"))
        #expect(!receipt.matches(Self.status, bootID: "next"))
        #expect(!receipt.matches(Self.status, bootID: nil))
    }
}
