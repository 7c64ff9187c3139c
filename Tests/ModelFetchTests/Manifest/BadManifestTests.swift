import Foundation
import ModelFetch
import Testing

@Suite struct `Bad manifests` {
    /// File in Fixtures/manifests, JSON path, and part of the reason.
    static let cases: [(file: String, path: String, reason: String)] = [
        ("byte-order-mark", "$", "byte order mark"),
        ("utf-16", "$", "UTF-16"),
        ("utf-16-without-mark", "$", "UTF-16"),
        ("bad-utf-8", "$.description", "not valid UTF-8"),
        ("duplicate-key", "$.files[0].size", "twice"),
        ("duplicate-escaped-key", "$.files[0].size", "twice"),
        ("lone-surrogate", "$.name", "surrogate"),
        ("rubbish-after-the-end", "$", "after the end"),
        ("fraction", "$.files[0].size", "not 1.0"),
        ("exponent", "$.files[0].size", "not 1e3"),
        ("two-to-the-63", "$.files[0].size", "2^53"),
        ("beyond-two-to-the-53", "$.files[0].size", "2^53"),
        ("cut-off", "$.files[0]", "ends"),
        ("raw-control-character", "$.name", "\\u{1B}"),
        ("deeply-nested", "$.future" + String(repeating: "[0]", count: 63), "64 deep"),
        ("not-an-object", "$", "must be an object, not an array"),
        ("other-format", "$.format", "“modelfetch-manifest/2”; this version understands “modelfetch-manifest/1”"),
        ("no-format", "$.format", "is missing"),
        ("no-files", "$.files", "no file"),
        ("size-as-text", "$.files[1].size", "must be an integer, not a string"),
        ("negative-size", "$.files[0].size", "from 0 to 2^53"),
        ("short-digest", "$.files[0].sha256", "64 hexadecimal digits"),
        ("no-digest-and-no-reason", "$.files[0].sha256", "“unpinned” must say why"),
        ("no-size-and-no-reason", "$.files[0].size", "“unpinned” must say why"),
        ("empty-reason", "$.files[0].unpinned", "must say why"),
        ("pinned-and-unpinned", "$.files[0].unpinned", "must be left out"),
        ("expectation-of-the-known", "$.files[0].expected.size", "must be left out"),
        ("expectation-of-nothing", "$.files[0].expected", "must have a size or a sha256"),
        ("same-path-twice", "$.files[2].path", "“a” is the same path as “a” ($.files[0].path)"),
        ("upper-and-lower-case", "$.files[1].path", "same name, on some file systems, as “Weights.bin”"),
        ("composed-and-decomposed", "$.files[1].path", "same name, on some file systems"),
        ("file-and-directory", "$.files[2].path", "“A” cannot be in the same directory as “a/b”"),
        ("parent-directory", "$.files[0].path", "“../a” has the component “..”"),
        ("parent-directory-with-combining-mark", "$.files[0].path", "has the component “..”"),
        ("absolute-path", "$.files[0].path", "is absolute"),
        ("null-character", "$.files[0].path", "“a\\u{0}b” has the unsafe character"),
        ("carriage-return", "$.files[0].path", "“a\\u{D}\\u{A}b” has the unsafe character"),
        ("right-to-left", "$.files[0].path", "“nib.\\u{202E}exe” has the unsafe character"),
        ("partial", "$.files[0].path", ".partial"),
        ("records", "$.files[0].path", ".modelfetch"),
        ("escape-in-description", "$.description", "\\u{1B}"),
        ("escape-in-reason", "$.files[0].unpinned", "\\u{9B}"),
        ("name-with-slash", "$.name", "must not contain “/”"),
        ("name-like-an-option", "$.name", "must not begin with “-”"),
        ("alias-like-a-file", "$.aliases[0]", "“.json”"),
        ("directory-with-slash", "$.directory", "component “..”"),
        ("file-source", "$.sources[1].url", "https://"),
        ("source-with-query", "$.sources[0].url", "base URL"),
        ("source-with-negative-rank", "$.sources[0].rank", "negative"),
        ("source-with-line-break", "$.sources[0].url", "\\u{D}"),
        ("marker-elsewhere", "$.marker", "“b.bin” is not one of the files"),
        ("variant-without-digest", "$.files[0].variants[0].sha256", "is missing"),
    ]

    @Test(arguments: cases)
    func `are refused with the place and the reason`(file: String, path: String, reason: String) throws {
        let bytes = try Repository.bytes("Fixtures/manifests/\(file).json")
        let error = #expect(throws: ManifestError.self) { try Manifest.decode(bytes, from: .file("bad.json")) }
        #expect(error?.code == .invalid)
        #expect(error?.jsonPath == path)
        #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
        // Whatever stood in the file, the message is one line that no terminal obeys.
        let message = try #require(error).description
        #expect(message.hasPrefix("bad.json: $"))
        #expect(message.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    }

    @Test func `are all in the table`() throws {
        let directory = Repository.root.appendingPathComponent("Fixtures/manifests").path
        let files = try FileManager.default.contentsOfDirectory(atPath: directory)
        #expect(Set(files) == Set(Self.cases.map { $0.file + ".json" }))
    }

    @Test func `name their source, escaped`() {
        let error = #expect(throws: ManifestError.self) { try Manifest.decode([], from: .file("a\u{1B}b.json")) }
        #expect(error?.description.hasPrefix("a\\u{1B}b.json: $ ends too early") == true)
        #expect(error?.localizedDescription == error?.description)
    }
}
