import Storage
import Testing

@testable import ModelFetch

@Suite struct `Manifest paths` {
    @Test(arguments: [
        "checkpoint", "model.ckpt.data-00000-of-00001", "a/b/c.bin", ".hidden", "...", "a..b", "..a/b..", "a b",
        "100%", "caf\u{E9}", "cafe\u{301}", "\u{1F469}\u{200D}\u{1F680}.bin", "partial", "a.partial.bin",
        "modelfetch", ".modelfetch.json", "-rf", "~",
    ])
    func `take a safe path as it is`(path: String) throws {
        let path = (path, try ManifestPath(path))
        #expect(path.1.string.utf8.elementsEqual(path.0.utf8))
        #expect("\(path.1)".utf8.elementsEqual(path.0.utf8))
    }

    static let unsafe: [(path: String, reason: String)] = [
        ("", "is empty"),
        ("/", "is absolute"), ("/etc/passwd", "is absolute"), ("//host/share", "is absolute"),
        ("a/", "ends in"), ("a//b", "empty component"),
        (".", "component “.”"), ("./a", "component “.”"), ("a/./b", "component “.”"), ("a/.", "component “.”"),
        ("..", "component “..”"), ("../a", "component “..”"), ("a/../b", "component “..”"), ("a/..", "component “..”"),
        // To String, the slash and the mark after it are one Character that is not a slash.
        ("../\u{301}a", "component “..”"), ("a/\u{301}/../b", "component “..”"), ("/\u{301}a", "is absolute"),
        ("a\\b", "backslash"), ("..\\a", "backslash"), ("a\\\u{301}b", "backslash"),
        ("a\0b", "\\u{0}"), ("\0", "\\u{0}"),
        // "\r\n" is one Character, and not "\n".
        ("a\r\nb", "\\u{D}"), ("a\nb", "\\u{A}"), ("a\tb", "\\u{9}"), ("\u{1B}[2J", "\\u{1B}"), ("a\u{1F}", "\\u{1F}"),
        ("a\u{7F}", "\\u{7F}"), ("a\u{80}", "\\u{80}"), ("a\u{85}b", "\\u{85}"), ("a\u{9B}2J", "\\u{9B}"),
        ("a\u{9F}", "\\u{9F}"), ("a\u{61C}", "\\u{61C}"), ("a\u{200E}", "\\u{200E}"), ("a\u{200F}", "\\u{200F}"),
        ("a\u{202A}", "\\u{202A}"), ("a\u{202E}b", "\\u{202E}"), ("a\u{2066}", "\\u{2066}"),
        ("a\u{2069}", "\\u{2069}"), ("a\u{2028}b", "\\u{2028}"), ("a\u{2029}b", "\\u{2029}"),
        ("a.partial", ".partial"), ("a.PARTIAL", ".partial"), (".partial", ".partial"), ("a.partial/b", ".partial"),
        ("a.part\u{200D}ial", ".partial"), ("a.\u{FF50}artial", ".partial"),
        (".modelfetch", ".modelfetch"), (".modelfetch/lock", ".modelfetch"), ("a/.ModelFetch/b", ".modelfetch"),
        (".model\u{200C}fetch", ".modelfetch"),
        (String(repeating: "a", count: 248), "longer than 247"),
        (String(repeating: "\u{E9}", count: 124), "longer than 247"),
        (String(repeating: "a/", count: 600) + "a", "longer than 1024"),
        (String(repeating: "a/", count: 62) + "a", "journal"),
        (String(repeating: "%", count: 83), "journal"),
    ]

    @Test(arguments: unsafe)
    func `refuse whatever could lead elsewhere, deceive a reader or take a name of our own`(
        path: String, reason: String
    ) {
        let error = #expect(throws: ManifestPath.Invalid.self) { try ManifestPath(path) }
        #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
    }

    @Test(arguments: [
        String(repeating: "a", count: 247), String(repeating: "%", count: 82) + "b",
        String(repeating: "a/", count: 61) + "aa",
    ])
    func `leave room for the suffixes to the very byte`(path: String) throws {
        let path = try ManifestPath(path)
        let suffix = StateNames.partialSuffix.utf8.count
        #expect(path.components.allSatisfy { $0.utf8.count + suffix <= 255 })
        #expect(path.flattened.utf8.count + StateNames.journalSuffix.utf8.count <= 255)
    }

    @Test(arguments: [
        ("checkpoint", "checkpoint"), ("a/b", "a%2Fb"), ("a%2Fb", "a%252Fb"), ("a%/b%", "a%25%2Fb%25"),
    ])
    func `have a flat name that no other path has`(path: String, flat: String) throws {
        #expect(try ManifestPath(path).flattened == flat)
    }

    @Test func `are told apart by their bytes`() throws {
        let composed = try ManifestPath("caf\u{E9}")
        let decomposed = try ManifestPath("cafe\u{301}")
        #expect(composed.string == decomposed.string, "which is why String is not the key")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(decomposed < composed)
        #expect(try ManifestPath("caf\u{E9}") == composed)
    }

    @Test func `have components`() throws {
        #expect(try ManifestPath("a/b.c/d").components == ["a", "b.c", "d"])
        // The mark stays with the name it begins.
        #expect(try ManifestPath("a/\u{301}b").components.map { Array($0.utf8) } == [[0x61], [0xCC, 0x81, 0x62]])
    }
}

@Suite struct `Paths of one manifest` {
    static let colliding: [(paths: [String], kind: PathCollision.Kind, first: Int, second: Int)] = [
        (["a", "b", "a"], .equal, 0, 2),
        (["README", "readme"], .folded, 0, 1),
        (["stra\u{DF}e", "STRASSE"], .folded, 0, 1),
        (["caf\u{E9}", "cafe\u{301}"], .folded, 0, 1),
        (["\u{FB01}le", "file"], .folded, 0, 1),
        (["\u{212A}ey", "key"], .folded, 0, 1),
        (["\u{3C3}", "\u{3C2}"], .folded, 0, 1),
        (["I", "\u{131}"], .folded, 0, 1),
        (["a\u{200D}b", "ab"], .folded, 0, 1),
        (["\u{1E9B}\u{323}", "\u{1E69}"], .folded, 0, 1),
        (["a/b", "a"], .directory, 0, 1),
        (["a", "b", "a/b/c"], .directory, 0, 2),
        (["A/b", "a"], .directory, 0, 1),
        (["caf\u{E9}/x", "zz", "CAFE\u{301}"], .directory, 0, 2),
        // Between a file and what lies in it, other names sort: by bytes "a!" comes before "a/".
        (["a", "a!", "a-b", "a/b"], .directory, 0, 3),
    ]

    @Test(arguments: colliding)
    func `must not collide on any file system`(
        paths: [String], kind: PathCollision.Kind, first: Int, second: Int
    ) throws {
        let collision = PathCollision.find(in: try paths.map { try ManifestPath($0) })
        #expect(collision?.kind == kind)
        #expect(collision?.first == first)
        #expect(collision?.second == second)
    }

    @Test(arguments: [
        ["a", "b"], ["a/b", "a/c"], ["a/b", "A/c"], ["a", "ab", "a.b"], ["a/b", "a-b", "a%2Fb"], ["\u{FF0F}", "x"],
    ])
    func `may share directories and beginnings`(paths: [String]) throws {
        #expect(PathCollision.find(in: try paths.map { try ManifestPath($0) }) == nil)
    }

    @Test(.timeLimit(.minutes(10)))
    func `are compared in good time however many they are`() throws {
        let paths = try (0..<20_000).map { try ManifestPath(String(repeating: "a/", count: 50) + "\($0)") }
        #expect(PathCollision.find(in: paths) == nil)
    }
}
