import Foundation
import ModelFetch
import Testing

@testable import ModelFetchCommand

/// What the program says, word for word.
struct FormattingTests {
    @Test(
        arguments: [
            (0, "0 B"), (1, "1 B"), (999, "999 B"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"),
            (497_759_232, "497.8 MB"), (6_230_000_000, "6.2 GB"), (.max, "9223.4 PB"),
        ] as [(Int64, String)])
    func `bytes have one decimal and a decimal unit`(count: Int64, text: String) {
        #expect(Formatting.bytes(count) == text)
    }

    @Test(
        arguments: [
            (0, "0.0 s"), (0.04, "0.0 s"), (12.34, "12.3 s"), (59.94, "59.9 s"), (59.96, "1 min 00 s"),
            (61, "1 min 01 s"),
            (245, "4 min 05 s"), (3599.4, "59 min 59 s"), (3599.6, "1 h 00 min"), (7380, "2 h 03 min"),
            (360_000, "100 h 00 min"),
        ] as [(Double, String)])
    func `seconds become minutes and hours`(seconds: Double, text: String) {
        #expect(Formatting.seconds(seconds) == text)
    }

    @Test func `a singular has no s`() {
        #expect(Formatting.count(1, "file") == "1 file" && Formatting.count(0, "file") == "0 files")
        #expect(
            Formatting.count(2, "retry", "retries") == "2 retries"
                && Formatting.count(1, "retry", "retries") == "1 retry")
    }

    @Test func `a table is as narrow as possible, without trailing spaces`() {
        #expect(
            Table.lines([["A", "LONG", "C"], ["three", "x", ""], ["é"]]) == ["A      LONG  C", "three  x     ", "é"])
        #expect(Table.lines([]).isEmpty)
    }

    // MARK: Progress

    private static let failure = Failure(.unavailable, "the connection was lost, from http://h/f")

    @Test(
        arguments: [
            (.started(model: "m", directory: "d", files: 1, bytes: 2000), "m into d: 1 file, 2.0 kB"),
            (
                .waitingForLock(directory: "d", process: nil),
                "another modelfetch is working on d: waiting for it to finish"
            ),
            (
                .waitingForLock(directory: "d", process: 42),
                "another modelfetch (process 42) is working on d: waiting for it to finish"
            ),
            (.phase(path: "f", .connecting(source: "http://h/", offset: 0, held: 0)), "f: from http://h/"),
            (
                .phase(path: "f", .connecting(source: "http://h/", offset: 5, held: 5)),
                "f: resuming at 5 B, 5 B already here, from http://h/"
            ),
            (.phase(path: "f", .hashing), "f: already here, hashing it"),
            (.phase(path: "f", .comparing), "f: a different file already exists, comparing it with the source"),
            (.phase(path: "f", .receiving), nil), (.phase(path: "f", .publishing), nil),
            (.progress(path: "f", bytes: 5, received: true), nil), (.warning("w"), nil), (.debug("d"), nil),
            (.discarded(path: "f", bytes: 0, reason: "because"), "f: because"),
            (.discarded(path: "f", bytes: 1500, reason: "because"), "f: 1.5 kB will be fetched again: because"),
            (
                .retrying(path: "f", failure, attempt: 1, pause: .milliseconds(1500)),
                "f: the connection was lost, from http://h/f; trying again in 1.5 s (attempt 2)"
            ),
            (
                .retrying(path: "f", failure, attempt: 3, pause: .zero),
                "f: the connection was lost, from http://h/f; trying again (attempt 4)"
            ),
            (
                .sourceDropped(path: "f", failure, isLast: false),
                "f: the connection was lost, from http://h/f; asking another source"
            ),
            (.sourceDropped(path: "f", failure, isLast: true), nil),
            (.finished(file("f", .downloaded)), "f: downloaded (90 B, verified)"),
            (.finished(file("f", .resumed)), "f: resumed (90 B, verified)"),
            (.finished(file("f", .repaired)), "f: repaired (90 B, verified)"),
            (.finished(file("f", .skipped)), "f: already here (90 B, verified)"),
            (.finished(file("f", .held)), "f: verified; held back until the model is complete"),
            (.finished(file("f", .failed)), "f: failed"),
            (
                .finished(file("f", .downloaded, isPinned: false, evidence: ["size", "expected sha256"])),
                "f: downloaded (90 B, unpinned: checked by size, expected sha256)"
            ),
            (
                .finished(file("f", .skipped, size: nil, isPinned: false)),
                "f: already here (size unknown, unpinned: checked by nothing)"
            ),
        ] as [(DownloadEvent, String?)])
    func `an event is printed as one line or none`(event: DownloadEvent, line: String?) {
        #expect(ProgressLines.line(for: event) == line)
    }

    private static func file(
        _ path: String, _ state: FileReport.State, size: Int64? = 90, isPinned: Bool = true, evidence: [String] = []
    ) -> FileReport {
        var report = FileReport(path: path, state: state, size: size, sha256: nil, isPinned: isPinned)
        report.evidence = evidence
        return report
    }

    // MARK: The end

    private static func summary(
        _ files: [(FileReport.State, downloaded: Int64, reused: Int64)], seconds: Double = 2, retries: Int = 0
    ) -> String {
        var report = DownloadReport(model: "m", directory: "d")
        report.seconds = seconds
        report.retries = retries
        for (index, (state, downloaded, reused)) in files.enumerated() {
            var file = file("f\(index)", state)
            file.bytesDownloaded = downloaded
            file.bytesReused = reused
            if state == .failed { file.failure = failure }
            report.files.append(file)
        }
        return DownloadRunner.summary(report)
    }

    @Test func `the last line counts received, reused and missing files`() {
        #expect(Self.summary([(.skipped, 0, 0), (.skipped, 0, 0)]) == "nothing to do: 2 files verified earlier")
        #expect(
            Self.summary([(.downloaded, 3000, 0), (.skipped, 0, 0)])
                == "done: 2 of 2 files verified (1 earlier); 3.0 kB received in 2.0 s (1.5 kB/s)")
        #expect(
            Self.summary([(.resumed, 3000, 500), (.failed, 1000, 0)], retries: 2)
                == "not done: 1 of 2 files verified; 4.0 kB received in 2.0 s (2.0 kB/s); 500 B reused; 2 retries")
        #expect(
            Self.summary([(.held, 77, 0)], seconds: 0.01)
                == "done: 1 of 1 file verified; 77 B received in 0.0 s; the marker is held back until the model is complete"
        )
    }

    @Test(arguments: [
        ([true, true], "nothing to do: 2 files verified earlier"),
        ([true, false], "nothing to do: 2 files verified earlier, 1 of them without a known SHA-256"),
        ([false, false], "nothing to do: 2 files verified earlier, 2 of them without a known SHA-256"),
    ])
    func `the last line counts the files without a known SHA-256`(arePinned: [Bool], line: String) {
        var report = DownloadReport(model: "m", directory: "d")
        report.files = arePinned.map { Self.file("f", .skipped, isPinned: $0) }
        #expect(DownloadRunner.summary(report) == line)
    }
}
