import Testing

@testable import ModelFetch
@testable import ModelFetchCommand

/// What an audit prints about files.
struct AuditLinesTests {
    private func file(_ path: String, _ state: FileReport.State, _ message: String? = nil) -> FileReport {
        var report = FileReport(path: path, state: state, size: 1500, sha256: nil, isPinned: true)
        report.failure = message.map { Failure(.data, file: path, $0) }
        return report
    }

    @Test func `every file has its line, in the order of the report`() {
        let files = [file("a", .ok), file("b", .missing, "missing"), file("c", .ok), file("d", .extra)]
        #expect(
            AuditLines.lines(files) == [
                "a: ok (1.5 kB)", "b: missing", "c: ok (1.5 kB)", "d: extra, not in the manifest",
            ])
    }

    @Test func `a remark follows the size and the evidence`() {
        var link = file("a", .ok)
        link.note = "a symbolic link"
        var unpinned = FileReport(path: "b", state: .ok, size: 5, sha256: nil, isPinned: false)
        unpinned.evidence = ["size"]
        unpinned.note = "a symbolic link"
        #expect(
            AuditLines.lines([link, unpinned]) == [
                "a: ok (1.5 kB, a symbolic link)",
                "b: ok (5 B, no known SHA-256, checked by size, a symbolic link)",
            ])
    }

    @Test(arguments: [
        (FileReport.State.missing, "and 80 more files missing"), (.damaged, "and 80 more files damaged"),
        (.unreadable, "and 80 more files unreadable"), (.extra, "and 80 more files extra"),
    ])
    func `of many wrong files the first are named and the rest counted`(
        state: FileReport.State, last: String
    ) {
        let files = (0..<100).map { file("f\($0)", state, "bad") }
        let lines = AuditLines.lines(files)
        #expect(lines.count == 21 && lines.last == last)
        #expect(AuditLines.lines(files, isVerbose: true).count == 100)
    }

    @Test func `right files do not hide a wrong one`() {
        let lines = AuditLines.lines(
            (0..<100).map { file("f\($0)", .ok) } + [file("bad", .damaged, "the size is wrong")])
        #expect(lines == ["bad: the size is wrong"])
    }
}
