import SeededRandom
import Storage
import Testing

@testable import ModelFetch

@Suite(.timeLimit(.minutes(10))) struct `The names of unfinished files` {
    /// Pieces of which names like ours are made.
    private static let pieces = [
        "a", "w.bin", ".", "0a1b2c3d", "01234567", ".partial", ".PARTIAL", ".journal", ".new", ".modelfetch", "%", "%~",
        "%25", "%2F", "%sha256-", "~", "/", "lock", "receipts.json", "manifest.json", "replaced", "\u{E9}", "\u{1F600}",
        String(repeating: "x", count: 64), String(repeating: "%", count: 40), String(repeating: "y", count: 236),
    ]
    private static let tags = ["0a1b2c3d", "01234567"]

    private static func paths(_ count: Int) -> [ManifestPath] {
        var random = SplitMix64(seed: 11)
        var paths: Set<ManifestPath> = []
        while paths.count < count {
            let text = (0...random.below(6)).map { _ in random.pick(pieces) }.joined()
            if let path = try? ManifestPath(text) { paths.insert(path) }
        }
        // Long ones to the byte.
        for length in 225...247 {
            if let path = try? ManifestPath(String(repeating: "z", count: length)) { paths.insert(path) }
        }
        return paths.sorted()
    }

    private static func ownNames(of path: ManifestPath) -> [String] {
        let all = [PartialNames(path: path.string)] + tags.map { PartialNames(path: path.string, tag: $0) }
        return all.flatMap { [$0.partial, $0.journal] }
    }

    @Test func `are names that no path in a manifest can have, nor one of another file`() throws {
        var owners: [[UInt8]: ManifestPath] = [:]
        for path in Self.paths(600) {
            for name in Self.ownNames(of: path) {
                #expect(throws: ManifestPath.Invalid.self, "\(name)") { try ManifestPath(name) }
                let other = owners.updateValue(path, forKey: Array(name.utf8))
                #expect(other == nil, "\(name) belongs to \(path) and to \(other?.string ?? "")")
            }
        }
        for record in ["lock", "receipts.json", "manifest.json", "receipts.json.new", "receipts.json.01234567.new"] {
            #expect(owners[Array(".modelfetch/\(record)".utf8)] == nil)
        }
    }

    @Test func `are never longer than a file system takes`() throws {
        for path in Self.paths(600) {
            for name in Self.ownNames(of: path) {
                let longest = name.utf8.split(separator: UInt8(ascii: "/")).map(\.count).max() ?? 0
                #expect(longest <= 255, "\(longest) bytes: \(name)")
            }
        }
    }

    @Test func `tell whose they are where they are private, and only there`() throws {
        for path in Self.paths(200) {
            let names = Self.ownNames(of: path).filter { $0.hasPrefix(".modelfetch/") }.map { String($0.dropFirst(12)) }
            #expect(
                PartialNames.privateTags(among: names) == [PartialNames.stem(of: path.string): Self.tags.sorted()],
                "\(path)")
        }
        let others = [
            "lock", "w.bin.0a1b2c3d.partial", "w.bin%~0a1b2c3.partial", "w.bin%~0A1B2C3D.partial", "%~0a1b2c3d.partial",
            "w.bin~0a1b2c3d.journal", "w.bin%~0a1b2c3d.new", ".partial", "",
        ]
        #expect(PartialNames.privateTags(among: others).isEmpty)
    }
}
