import Foundation
import Testing

/// Manifests that would cost time or memory out of proportion: refused, within bounds, with the place.
@Suite(.timeLimit(.minutes(10)))
struct ManifestBombTests {
    struct Bomb: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let says: String
        let text: @Sendable () -> [UInt8]

        init(_ name: String, says: String, _ text: @escaping @Sendable () -> [UInt8]) {
            testDescription = name
            self.says = says
            self.text = text
        }
    }

    private static let size = 16 << 20

    private static func repeating(_ text: String, _ bytes: Int = size) -> [UInt8] {
        Array(String(repeating: text, count: bytes / text.utf8.count).utf8)
    }

    private static func within(_ start: String, _ middle: [UInt8], _ end: String) -> [UInt8] {
        Array(start.utf8) + middle.prefix(size - start.utf8.count - end.utf8.count) + Array(end.utf8)
    }

    static let bombs: [Bomb] = [
        Bomb("brackets", says: "more than 64 deep") { repeating("[") },
        Bomb("braces", says: "more than 64 deep") { repeating(#"{"a":"#) },
        Bomb("100,000 deep", says: "more than 64 deep") { repeating("[{\"a\":", 600_000) },
        Bomb("a number of 16 MiB", says: "2^53") { within("{\"size\":", repeating("9"), "}") },
        Bomb("a negative number of 16 MiB", says: "2^53") { within("{\"size\":-", repeating("9"), "}") },
        Bomb("a fraction of 16 MiB", says: "integer") { within("{\"size\":1.", repeating("3"), "}") },
        Bomb("the same key again and again", says: "twice") { within("{", repeating(#""a":1,"#), #""a":1}"#) },
        Bomb("a key of 16 MiB", says: "$.format is missing") { within("{\"", repeating("k"), "\":1}") },
        Bomb("a name of 16 MiB", says: "must be 1 to 128 bytes") {
            within(#"{"format":"modelfetch-manifest/1","name":""#, repeating("n"), #"","files":[]}"#)
        },
        Bomb("16 MiB of escapes", says: "$.format is missing") { within("{\"a\":\"", repeating("\\n"), "\"}") },
        Bomb("16 MiB of combining marks", says: "$.format is missing") {
            within("{\"e", repeating("\u{301}", size - 20), "\":1}")
        },
        Bomb("a million values", says: "more than 1000000 values") { within("{\"a\":[", repeating("0,"), "0]}") },
        Bomb("a string without an end", says: "middle of a string") { Array("\"".utf8) + repeating("x", size - 1) },
        Bomb("spaces", says: "ends too early") { repeating(" ") },
        Bomb("over 16 MiB", says: "larger than 16 MiB") { repeating("{", size + 1) },
        Bomb("200,000 files", says: "100000") {
            within(#"{"format":"modelfetch-manifest/1","name":"n","files":["#, repeating("{},", 600_000), "{}]}")
        },
        Bomb("sizes whose sum overflows", says: "sum of all sizes") {
            let digest = String(repeating: "0", count: 64)
            let files = (0..<1100).map { #"{"path":"f\#($0)","size":9007199254740992,"sha256":"\#(digest)"}"# }
            let list = files.joined(separator: ",")
            return Array(#"{"format":"modelfetch-manifest/1","name":"n","files":[\#(list)]}"#.utf8)
        },
        Bomb("10,000 paths, two of them the same", says: "is the same path as") {
            let path = String(repeating: "a/", count: 40)
            let digest = String(repeating: "0", count: 64)
            let files = (0..<10_000).map { #"{"path":"\#(path)\#($0 % 9999)","size":0,"sha256":"\#(digest)"}"# }
            let list = files.joined(separator: ",")
            return Array(#"{"format":"modelfetch-manifest/1","name":"n","files":[\#(list)]}"#.utf8)
        },
    ]

    @Test(arguments: bombs)
    func `an expensive manifest is refused in bounded time and memory`(bomb: Bomb) async throws {
        try await withWorkspace { workspace in
            try workspace.write(bomb.text(), to: "bomb.json")
            // In KiB of address space, much of which is nothing but room for stacks.
            let result = try await workspace.startShell(
                #"ulimit -v 2000000; exec "$0" "$@""#, ["manifest", "check", "bomb.json"]
            ).wait()
            #expect(result.status == 65, "\(result.ending) \(result.err.prefix(1000))")
            #expect(result.err.contains("bomb.json: $") && result.err.contains(bomb.says), "\(result.err.prefix(1000))")
            #expect(result.err.utf8.count < 10_000, "what is wrong is not repeated at length")
        }
    }
}
