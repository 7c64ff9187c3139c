import Testing

@testable import ModelFetch

struct ManifestFaultsTests {
    private static func places(_ text: String) throws -> [String] {
        try ManifestFaults.all(in: StrictJSON.parse(Array(text.utf8))).map(\.path.description)
    }

    private static func manifest(aliases: String = "[]", sources: String = "[]", marker: String = "null", files: String)
        -> String
    {
        """
        {"format": "\(Manifest.format)", "name": "m", "aliases": \(aliases), "sources": \(sources), "marker": \(marker),
         "files": \(files)}
        """
    }

    private static let good = #"{"path": "a", "size": 1, "sha256": "\#(String(repeating: "1", count: 64))"}"#
    private static let bad = #"{"path": "../b", "size": 1, "sha256": "\#(String(repeating: "1", count: 64))"}"#

    @Test func `a valid manifest has no faults`() throws {
        #expect(try Self.places(Self.manifest(files: "[\(Self.good)]")) == [])
    }

    @Test func `every faulty element of a list is found, at its own place`() throws {
        let text = Self.manifest(
            aliases: #"["x", 5]"#, sources: #"["ftp://h/", "http://h/", {"url": 1}]"#,
            files: #"[\#(Self.bad), \#(Self.good), {"path": "c", "size": -1}]"#)
        #expect(
            Set(try Self.places(text)) == [
                "$.aliases[1]", "$.sources[0].url", "$.sources[2].url", "$.files[0].path", "$.files[2].size",
            ])
    }

    @Test func `a marker that was among the faulty files is not a fault itself`() throws {
        #expect(try Self.places(Self.manifest(marker: #""b""#, files: "[\(Self.good)]")) == ["$.marker"])
        let text = Self.manifest(marker: #""c""#, files: #"[\#(Self.good), {"path": "c", "size": "1"}]"#)
        #expect(try Self.places(text) == ["$.files[1].size"])
    }

    @Test func `a fault of the whole manifest is the last one`() throws {
        #expect(try Self.places(#"{"format": "other"}"#) == ["$.format"])
        #expect(try Self.places("[]") == ["$"])
    }

    @Test func `no more faults are found than the limit`() throws {
        let files = Array(repeating: Self.bad, count: 50).joined(separator: ", ")
        #expect(try Self.places(Self.manifest(files: "[\(files)]")).count == ManifestFaults.limit)
    }
}
