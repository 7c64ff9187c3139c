import Hashing
import ModelFetch
import Testing

@Suite struct `Manifests` {
    private static let digest = String(repeating: "0f", count: 32)

    private func decode(_ json: String) throws -> LoadedManifest {
        try Manifest.decode(Array(json.utf8), from: .file("m.json"))
    }

    /// A small manifest with more members at the top and in its one file.
    private func json(_ top: String = "", file: String = #""size": 1, "sha256": "\#(digest)""#) -> String {
        #"{"format": "modelfetch-manifest/1", "name": "m", \#(top) "files": [{"path": "a", \#(file)}]}"#
    }

    private func fault(_ json: String) -> (path: String?, reason: String?) {
        let error = #expect(throws: ManifestError.self) { try decode(json) }
        return (error?.jsonPath, error?.reason)
    }

    @Test func `need a name and files, and have defaults for the rest`() throws {
        let manifest = try decode(json()).manifest
        #expect(manifest.name == "m")
        #expect(manifest.directory == "m")
        #expect(manifest.aliases == [] && manifest.sources == [] && manifest.description == "")
        #expect(manifest.marker == nil)
        #expect(manifest.files[0].isPinned && manifest.isPinned)
        #expect(manifest.files[0].plannedSize == 1 && manifest.plannedBytes == 1)
        #expect(try decode(json(#""marker": null, "aliases": null,"#)).manifest == manifest)
    }

    @Test func `may have sources as strings or objects, which gain a final slash`() throws {
        let sources = try decode(
            json(#""sources": ["http://a", "HTTPS://b/c/", {"url": "https://d/e", "rank": 2, "note": "gift"}],"#)
        ).manifest.sources
        #expect(sources.map(\.url) == ["http://a/", "HTTPS://b/c/", "https://d/e/"])
        #expect(sources.map(\.rank) == [0, 0, 2])
        #expect(sources.map(\.note) == [nil, nil, "gift"])
    }

    @Test(arguments: [
        ("ftp://a/", "must begin with"), ("//a/", "must begin with"), ("a/", "must begin with"), ("", "must begin"),
        ("https:/a", "must begin"), ("https://", "no host"), ("https:///a", "no host"), ("https://u@/a", "no host"),
        ("https://:80/", "no host"), ("https://a/#b", "base URL"), ("https://a/?", "base URL"),
        ("https://a/ b", "\\u{20}"), ("https://\u{E9}/", "\\u{E9}"), ("https://a\\\\b/", "\\u{5C}"),
        ("https://a\u{202E}/", "\\u{202E}"), ("https://a/\\u0000", "\\u{0}"),
        ("https://u:secret@a/\u{E9}", "\\u{E9}"), ("https://u:secret@a:0/", "port"), ("https://a:65536/", "ort"),
        ("https://a:x/", "ort"), ("https://a:-1/", "ort"),
    ])
    func `refuse sources that are no base URL, without quoting them`(url: String, reason: String) {
        let fault = fault(json(#""sources": [{"url": "\#(url)"}],"#))
        #expect(fault.path == "$.sources[0].url")
        #expect(fault.reason?.contains(reason) == true, "\(fault.reason ?? "")")
        #expect(fault.reason?.contains("secret") == false)
    }

    @Test(arguments: [
        ("https://user:p@ss@host:8443/a@b/", "https://host:8443/a@b/"), ("http://u@h/", "http://h/"),
        ("https://host/a@b/", "https://host/a@b/"),
    ])
    func `can be shown without the credentials in their sources`(url: String, shown: String) throws {
        let manifest = try decode(json(#""sources": ["\#(url)"],"#)).manifest
        #expect(manifest.sources[0].url == url)
        #expect(manifest.withoutCredentials.sources[0].url == shown)
        #expect(manifest.json().contains(url))
    }

    @Test(
        arguments: [
            (#""size": 0, "sha256": "\#(digest)""#, true, 0),
            (#""size": null, "sha256": "\#(digest)", "unpinned": "?""#, true, nil),
            (#""size": 5, "sha256": null, "unpinned": "?""#, false, 5), (#""unpinned": "?""#, false, nil),
            (#""unpinned": "?", "expected": {"size": 7}"#, false, 7),
            (#""unpinned": "?", "expected": {"sha256": "\#(digest)"}"#, false, nil),
            (#""size": 5, "unpinned": "?", "expected": {"size": null, "sha256": "\#(digest)"}"#, false, 5),
            (#""size": 9007199254740992, "sha256": "\#(digest)""#, true, 9_007_199_254_740_992),
        ] as [(String, Bool, Int64?)])
    func `may leave a size or digest out with a reason`(file: String, isPinned: Bool, planned: Int64?) throws {
        let manifest = try decode(json(file: file)).manifest
        #expect(manifest.files[0].isPinned == isPinned && manifest.isPinned == isPinned)
        #expect(manifest.files[0].plannedSize == planned)
    }

    @Test func `may have digests in upper case`() throws {
        let manifest = try decode(json(file: #""size": 1, "sha256": "\#(Self.digest.uppercased())""#)).manifest
        #expect(manifest.files[0].sha256?.hex == Self.digest)
    }

    private static func filesWith(_ member: String) -> String {
        #""files": [{"path": "a", "unpinned": "?", \#(member)}]"#
    }

    @Test(arguments: [
        (#""name": 1"#, "$.name", "must be a string, not an integer"), (#""aliases": "x""#, "$.aliases", "an array"),
        (#""aliases": [null]"#, "$.aliases[0]", "not null"), (#""aliases": ["x", "x"]"#, "$.aliases[1]", "repeats"),
        (#""aliases": ["n"]"#, "$.aliases[0]", "repeats"), (#""aliases": [""]"#, "$.aliases[0]", "1 to 128"),
        (#""name": "\#(String(repeating: "n", count: 129))""#, "$.name", "1 to 128"),
        (#""name": " n""#, "$.name", "white space"),
        (#""name": "n\u00a0""#, "$.name", "white space"), (#""name": "n\\""#, "$.name", "backslash"),
        (#""name": "a\u2028b""#, "$.name", "\\u{2028}"), (#""name": "/\u0301""#, "$.name", "“/”"),
        (#""directory": """#, "$.directory", "is empty"), (#""directory": "a/b""#, "$.directory", "single name"),
        (#""directory": ".modelfetch""#, "$.directory", "records"), (#""directory": "..""#, "$.directory", "“..”"),
        (#""description": 1"#, "$.description", "a string"), (#""description": "a\nb""#, "$.description", "\\u{A}"),
        (#""description": "\#(String(repeating: "d", count: 4097))""#, "$.description", "4096"),
        (#""sources": [1]"#, "$.sources[0]", "a URL or an object"),
        (#""sources": [{}]"#, "$.sources[0].url", "missing"),
        (#""sources": [{"url": "http://a", "rank": "0"}]"#, "$.sources[0].rank", "an integer"),
        (#""sources": [{"url": "http://a", "note": "\u202e"}]"#, "$.sources[0].note", "\\u{202E}"),
        (#""marker": "b""#, "$.marker", "not one of the files"), (#""marker": "../a""#, "$.marker", "“..”"),
        (#""files": {}"#, "$.files", "an array, not an object"), (#""files": [[]]"#, "$.files[0]", "an object"),
        (#""files": [{}]"#, "$.files[0].path", "missing"), (#""files": null"#, "$.files", "missing"),
        (filesWith(#""variants": [{"sha256": "\#(digest)"}]"#), "$.files[0].variants[0].size", "missing"),
        (filesWith(#""variants": [{"size": -1, "sha256": "\#(digest)"}]"#), "$.files[0].variants[0].size", "from 0"),
        (filesWith(#""expected": {"size": -1}"#), "$.files[0].expected.size", "from 0"),
        (filesWith(#""expected": {"sha256": "xyz"}"#), "$.files[0].expected.sha256", "64"),
    ])
    func `are refused with the place of what is wrong`(member: String, path: String, reason: String) {
        // The member under test stands for the usual one of its name.
        let usual = [#""name": "n""#, #""files": [{"path": "a", "unpinned": "?"}]"#]
        let others = usual.filter { $0.prefix(7) != member.prefix(7) }
        let members = [#""format": "modelfetch-manifest/1""#, member] + others
        let fault = fault("{\(members.joined(separator: ", "))}")
        #expect(fault.path == path)
        #expect(fault.reason?.contains(reason) == true, "\(fault.reason ?? "")")
    }

    @Test func `have sizes whose sum is a number`() {
        let file = #"{"path": "f%", "size": 9007199254740992, "sha256": "\#(Self.digest)"}"#
        let files = (0..<1024).map { file.replacing("%", with: "\($0)") }.joined(separator: ",")
        let fault = fault(#"{"format": "modelfetch-manifest/1", "name": "m", "files": [\#(files)]}"#)
        #expect(fault.path == "$.files[1023].size")
        #expect(fault.reason?.contains("2^63") == true)
    }

    @Test(.timeLimit(.minutes(10)))
    func `have at most 100,000 files`() throws {
        let files = [String](repeating: "0", count: 100_001).joined(separator: ",")
        let fault = fault(#"{"format": "modelfetch-manifest/1", "name": "m", "files": [\#(files)]}"#)
        #expect(fault.path == "$.files")
        #expect(fault.reason?.contains("100000") == true)
    }

    @Test(.timeLimit(.minutes(10)))
    func `with very many files are read in good time`() throws {
        let files = (0..<50_000).map { #"{"path": "d/\#($0)", "size": 1, "sha256": "\#(Self.digest)"}"# }
        let json = #"{"format": "modelfetch-manifest/1", "name": "m", "files": [\#(files.joined(separator: ","))]}"#
        #expect(try decode(json).manifest.plannedBytes == 50_000)
    }

    @Test func `keep the keys that are not known as warnings`() throws {
        let top = #""x": {"deep": [1]}, "sources": [{"url": "http://a", "key": 1}],"#
        let loaded = try decode(json(top, file: #""unpinned": "?", "crc\u001b": 0"#))
        #expect(loaded.warnings.map(\.jsonPath) == ["$.x", "$.sources[0].key", #"$.files[0]["crc\u{1B}"]"#])
        #expect(loaded.warnings[0].description == "m.json: $.x is an unknown key and was ignored")
        let many = (0..<50).map { "\"k\($0)\": 0," }.joined()
        let warnings = try decode(json(many)).warnings
        #expect(warnings.count == 21)
        #expect(warnings.last?.reason == "30 more unknown keys were ignored")
    }

    @Test func `can be written after the example in the documentation`() throws {
        let page = String(decoding: try Repository.bytes("docs/manifests.md"), as: UTF8.self)
        let example = try #require(page.split(separator: "```json\n").dropFirst().first?.split(separator: "```").first)
        let loaded = try decode(String(example))
        #expect(loaded.warnings == [])
        #expect(loaded.manifest.files.count == 3)
    }

    @Test func `made in the program obey the same rules`() throws {
        let file = ManifestFile(path: try ManifestPath("a"), size: 1, sha256: nil)
        let error = #expect(throws: ManifestError.self) { try Manifest(name: "m", files: [file]) }
        #expect(error?.jsonPath == "$.files[0].sha256")
        #expect(error?.source == "m")
    }

    @Test func `come back from their JSON as they were`() throws {
        let digest = try #require(SHA256Digest(hex: Self.digest))
        let manifest = try Manifest(
            name: "m\u{E9} \"1\"", aliases: ["x", "y z"], directory: "d", description: "a \"b\" \\ \u{1F600} \u{200D}",
            sources: [.init(url: "https://a"), .init(url: "http://u:p@b/c", rank: 3, note: "n")],
            marker: try ManifestPath("sub/a"),
            files: [
                .init(path: try ManifestPath("sub/a"), size: 0, sha256: digest),
                .init(
                    path: try ManifestPath("b"), size: nil, sha256: nil, expected: .init(size: 1, sha256: digest),
                    unpinned: "why",
                    variants: [.init(size: 2, sha256: digest), .init(size: 3, sha256: digest, note: "n")]),
                .init(path: try ManifestPath("c"), size: nil, sha256: digest, unpinned: "no size"),
            ])
        let loaded = try decode(manifest.json())
        #expect(loaded.manifest == manifest)
        #expect(loaded.manifest.json() == manifest.json())
        #expect(loaded.warnings == [])
    }
}
