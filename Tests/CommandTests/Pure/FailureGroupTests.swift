import ModelFetch
import Testing

@testable import ModelFetchCommand

@Suite struct FailureGroupTests {
    private func failure(_ file: String?, _ brief: String, source: String? = "http://h/") -> Failure {
        Failure(.unavailable, file: file, source: source, offset: 0, "\(file ?? "all") got \(brief)", brief: brief)
    }

    private func lines(_ failures: [Failure]) -> [String] { FailureGroup.groups(of: failures).flatMap(\.lines) }

    @Test func `a few failures are printed one by one`() {
        #expect(lines([failure("a", "404"), failure("b", "404")]) == ["a: a got 404", "b: b got 404"])
    }

    @Test func `many failures with one reason are printed once, naming every file`() {
        let failures = ["a", "b", "c\u{1B}", "d"].map { failure($0, "404") } + [failure("e", "503")]
        #expect(
            lines(failures) == [
                "a: a got 404", "3 more files for the same reason: b, c\\u{1B}, d", "e: e got 503",
            ])
    }

    @Test func `other sources are other reasons, and what concerns the whole run stands alone`() {
        let failures = [
            failure(nil, "404"), failure(nil, "404"), failure("a", "404"), failure("b", "404", source: "http://i/"),
        ]
        #expect(lines(failures).count == 4)
    }

    @Test func `of thousands of files only some are named`() {
        let lines = lines((0..<2000).map { failure("f\($0)", "404") })
        #expect(lines.count == 2 && lines[1].hasPrefix("1999 more files for the same reason: f1, f2, "))
        #expect(lines[1].hasSuffix(", f20, and 1979 more"))
    }
}
