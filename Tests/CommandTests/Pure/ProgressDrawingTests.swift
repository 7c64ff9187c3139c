import ModelFetch
import Testing

@testable import ModelFetchCommand

/// What is drawn, as strings.
@Suite struct ProgressDrawingTests {
    private static let failure = Failure(
        .unavailable, file: "model.data", source: "http://h/", offset: 0,
        "the server is temporarily unavailable (HTTP 503), from http://h/model.data", brief: "503")

    /// A run that is some way on, at 20 s: one file resumed and receiving, one waiting, one held, one finished.
    private static func state() -> ProgressState {
        var state = ProgressState(sizes: [
            "model.ckpt.data-00000-of-00001": 497_759_232, "encoder.json": 1_042_301, "checkpoint": 77,
            "vocab.bpe": 456_318,
        ])
        state.take(.started(model: "gpt2-124M", directory: "d", files: 7, bytes: 499_000_000), at: .zero)
        for path in ["checkpoint", "model.ckpt.data-00000-of-00001", "encoder.json", "vocab.bpe"] {
            let held: Int64 = path.hasPrefix("model") ? 100_000_000 : 0
            state.take(.phase(path: path, .connecting(source: "http://h/", offset: held, held: held)), at: .zero)
        }
        state.take(.progress(path: "checkpoint", bytes: 77, received: true), at: .zero)
        state.take(.phase(path: "checkpoint", .holding), at: .zero)
        state.take(.finished(report("vocab.bpe", 456_318)), at: .zero)
        state.take(.progress(path: "model.ckpt.data-00000-of-00001", bytes: 100_000_000, received: false), at: .zero)
        state.take(.phase(path: "model.ckpt.data-00000-of-00001", .receiving), at: .seconds(10))
        for tenth in 100..<200 {
            state.take(
                .progress(path: "model.ckpt.data-00000-of-00001", bytes: 1_000_000, received: true),
                at: .milliseconds(tenth * 100))
        }
        state.take(
            .retrying(path: "encoder.json", failure, attempt: 1, pause: .seconds(4)), at: .milliseconds(19_500))
        return state
    }

    private static func report(_ path: String, _ size: Int64) -> FileReport {
        FileReport(path: path, state: .downloaded, size: size, sha256: nil, isPinned: true)
    }

    private static func draw(_ state: ProgressState, _ columns: Int, rows: Int = 24, _ glyphs: Glyphs = .unicode)
        -> [String]
    {
        ProgressDrawing(columns: columns, rows: rows, glyphs: glyphs).lines(state, at: .seconds(20))
    }

    @Test func `at 40 columns, where names matter more than the time left`() {
        #expect(
            Self.draw(Self.state(), 40) == [
                "model.…-00001 200.0/497.8 MB  10.0 MB/s",
                "encoder.json      0.0/1.0 MB waiting 4…",
                "1 of 7 files  200.5/499.0 MB  10.0 MB/s",
            ])
    }

    @Test func `at 60 columns`() {
        #expect(
            Self.draw(Self.state(), 60) == [
                "model.c…of-00001 200.0/497.8 MB ━━━──────  10.0 MB/s   0:30",
                "encoder.json         0.0/1.0 MB waiting 4 s: 503, try 2",
                "1 of 7 files     200.5/499.0 MB ━━━──────  10.0 MB/s   0:30",
            ])
    }

    @Test func `at 80 columns`() {
        #expect(
            Self.draw(Self.state(), 80) == [
                "model.ckpt.d…0000-of-00001  200.0/497.8 MB  ━━━━━━─────────   10.0 MB/s    0:30",
                "encoder.json                    0.0/1.0 MB  waiting 4 s: 503, try 2",
                "1 of 7 files                200.5/499.0 MB  ━━━━━━─────────   10.0 MB/s    0:30",
            ])
    }

    @Test func `at 200 columns, where bars end somewhere`() {
        let bar = String(repeating: "━", count: 16) + String(repeating: "─", count: 24)
        #expect(
            Self.draw(Self.state(), 200) == [
                "model.ckpt.data-00000-of-00001  200.0/497.8 MB  \(bar)   10.0 MB/s    0:30",
                "encoder.json                        0.0/1.0 MB  \(String(repeating: "─", count: 40))  waiting 4 s: 503, try 2",
                "1 of 7 files                    200.5/499.0 MB  \(bar)   10.0 MB/s    0:30",
            ])
    }

    @Test(arguments: [1, 5, 10, 20, 30, 40, 50, 59, 61, 79, 81, 120, 500])
    func `no line is as wide as the terminal`(columns: Int) {
        for glyphs in [Glyphs.unicode, .ascii] {
            for line in Self.draw(Self.state(), columns, glyphs) {
                #expect(TextColumns.count(line) < max(columns, 2), "\(line)")
            }
        }
    }

    @Test func `there are never more lines than the terminal has`() {
        var state = ProgressState()
        state.take(.started(model: "m", directory: "d", files: 100, bytes: 100), at: .zero)
        for index in 0..<50 { state.take(.phase(path: "file-\(index)", .receiving), at: .zero) }
        for rows in 1...40 { #expect(Self.draw(state, 80, rows: rows).count <= max(min(rows - 2, 10), 2)) }
        #expect(Self.draw(state, 80, rows: 4).last?.hasSuffix("and 49 more") == true)
        #expect(Self.draw(state, 80, rows: 10).dropLast().last == "and 44 more")
    }

    @Test func `the total keeps its rate when there are more files than lines`() {
        var state = ProgressState(sizes: ["f": 1_000_000])
        state.take(.started(model: "m", directory: "d", files: 100, bytes: 100_000_000), at: .zero)
        for index in 0..<50 { state.take(.phase(path: "file-\(index)", .receiving), at: .zero) }
        for step in 1...20 {
            state.take(.progress(path: "file-1", bytes: 100_000, received: true), at: .milliseconds(step * 100))
        }
        let lines = ProgressDrawing(columns: 80, rows: 24, glyphs: .ascii).lines(state, at: .seconds(2))
        #expect(lines.dropLast().last == "and 42 more")
        #expect(lines.last?.contains("/s") == true, "\(lines)")
    }

    @Test(arguments: [
        (FilePhase.hashing, "hashing"), (.comparing, "comparing with the source"), (.verifying, "verifying"),
        (.connecting(source: "s", offset: 0, held: 0), "connecting"), (.publishing, "writing to disk"),
        (.connecting(source: "s", offset: 300_000, held: 312_000), "resuming, checking 312.0 kB"),
    ])
    func `the stage of a file is shown in words`(phase: FilePhase, words: String) {
        var state = ProgressState(sizes: ["f": 1_000_000])
        state.take(.started(model: "m", directory: "d", files: 1, bytes: 1_000_000), at: .zero)
        state.take(.phase(path: "f", phase), at: .zero)
        let lines = Self.draw(state, 100)
        #expect(lines.count == 1 && lines[0].hasPrefix("f ") && lines[0].hasSuffix(words), "\(lines)")
    }

    @Test func `bytes of earlier runs do not count for the rate`() {
        var state = ProgressState(sizes: ["f": 1_000_000])
        state.take(.started(model: "m", directory: "d", files: 1, bytes: 1_000_000), at: .zero)
        state.take(.phase(path: "f", .connecting(source: "s", offset: 900_000, held: 900_000)), at: .zero)
        state.take(.progress(path: "f", bytes: 900_000, received: false), at: .seconds(1))
        state.take(.phase(path: "f", .receiving), at: .seconds(1))
        for second in 1...5 { state.take(.progress(path: "f", bytes: 1000, received: true), at: .seconds(second)) }
        #expect(state.rate.rate(at: .seconds(6)).map { $0 < 1200 } == true)
        // 95 kB are missing, at 4 kB in the last 4.5 s.
        #expect(Self.drawnLeft(state, at: .seconds(6)) == "1:47")
    }

    private static func drawnLeft(_ state: ProgressState, at now: Duration) -> String? {
        let line = ProgressDrawing(columns: 100, rows: 24, glyphs: .unicode).lines(state, at: now).first
        return line?.split(separator: " ").last.map(String.init)
    }

    @Test func `bytes that were lost are missing again`() {
        var state = ProgressState(sizes: ["f": 1000])
        state.take(.started(model: "m", directory: "d", files: 1, bytes: 1000), at: .zero)
        state.take(.phase(path: "f", .connecting(source: "s", offset: 600, held: 600)), at: .zero)
        // Read again, and found bad.
        state.take(.progress(path: "f", bytes: 200, received: false), at: .zero)
        state.take(.discarded(path: "f", bytes: 200, reason: "damaged"), at: .zero)
        #expect(state.active[0].unchecked == 400)
        #expect(state.done == 400 && state.missing == 600)
        state.take(.progress(path: "f", bytes: 400, received: false), at: .zero)
        #expect(state.active[0].unchecked == 0 && state.done == 400)
        state.take(.progress(path: "f", bytes: 600, received: true), at: .zero)
        #expect(state.done == 1000 && state.missing == 0)
    }

    @Test func `a damaged copy that is downloaded again does not count as done`() {
        var state = ProgressState(sizes: ["f": 1000, "g": 1])
        state.take(.started(model: "m", directory: "d", files: 2, bytes: 1001), at: .zero)
        // Another tool's bytes are read, and none is asked for.
        state.take(.progress(path: "f", bytes: 1000, received: false), at: .zero)
        state.take(.phase(path: "f", .verifying), at: .zero)
        state.take(.discarded(path: "f", bytes: 1000, reason: "the digest is wrong"), at: .zero)
        #expect(state.done == 0)
        state.take(.phase(path: "f", .connecting(source: "s", offset: 0, held: 0)), at: .zero)
        state.take(.progress(path: "f", bytes: 300, received: true), at: .zero)
        #expect(state.done == 300 && state.missing == 701)
    }

    @Test func `failed files do not count as finished`() {
        var state = ProgressState()
        state.take(.started(model: "m", directory: "d", files: 3, bytes: 0), at: .zero)
        state.take(.finished(Self.report("a", 1)), at: .zero)
        var failed = Self.report("b", 1)
        failed.state = .failed
        state.take(.finished(failed), at: .zero)
        #expect(Self.draw(state, 100).last?.hasPrefix("1 of 3 files, 1 failed") == true)
    }

    @Test func `a server that sends the whole file again is distinguished from a slow one`() {
        var state = ProgressState(sizes: ["f": 1000_000])
        state.take(.started(model: "m", directory: "d", files: 1, bytes: 1000_000), at: .zero)
        state.take(.phase(path: "f", .repeating(bytes: 22_200)), at: .zero)
        #expect(Self.draw(state, 100)[0].hasSuffix("cannot resume, repeating 22.2 kB"))
        state.take(.progress(path: "f", bytes: 1, received: true), at: .seconds(19))
        #expect(!Self.draw(state, 100)[0].contains("resume"))
    }

    @Test func `a silent connection is distinguished from a slow one`() {
        var state = Self.state()
        state.take(.progress(path: "model.ckpt.data-00000-of-00001", bytes: 1, received: true), at: .seconds(20))
        let lines = ProgressDrawing(columns: 100, rows: 24, glyphs: .unicode).lines(state, at: .seconds(33))
        #expect(lines[0].hasSuffix("nothing for 13 s"), "\(lines)")
    }

    @Test(arguments: [(0.0, 0.0, "...."), (0.999, 0, "###."), (1, 0, "####"), (0.5, 0.3, "##=."), (0.2, 0.8, "====")])
    func `a bar is full only if nothing is missing`(done: Double, claimed: Double, bar: String) {
        #expect(Glyphs.ascii.bar(4, done: done, claimed: claimed) == bar)
    }

    @Test(arguments: [
        ("model.ckpt.data-00000-of-00001", 16, "model.c…of-00001"), ("short", 8, "short   "),
        ("漢字漢字漢字", 8, "漢…漢字 "), ("e\u{301}", 3, "e\u{301}  "), ("abc", 1, " "), ("ab", 2, "ab"),
    ])
    func `a name takes just its columns`(name: String, columns: Int, shown: String) {
        #expect(TextColumns.fit(name, columns, cut: "…") == shown)
        #expect(TextColumns.count(TextColumns.fit(name, columns, cut: "…")) == columns)
    }

    @Test(arguments: [
        (true, ["TERM": "xterm"], true), (true, ["TERM": "xterm", "NO_COLOR": ""], true),
        (true, ["TERM": "xterm", "CI": "false"], true), (false, ["TERM": "xterm"], false), (true, [:], false),
        (true, ["TERM": "dumb"], false), (true, ["TERM": "xterm", "NO_COLOR": "1"], true),
        (true, ["TERM": "xterm", "CI": "1"], false),
    ])
    func `bars are drawn only on suitable terminals`(
        isTerminal: Bool, environment: [String: String], isDrawn: Bool
    ) {
        #expect(Terminal.suitsDrawing(isTerminal: isTerminal, environment: environment) == isDrawn)
    }

    @Test(arguments: [
        (["LANG": "en_US.UTF-8"], Glyphs.unicode), (["LANG": "C"], .ascii), ([:], .ascii),
        (["LC_ALL": "C", "LANG": "de_DE.UTF-8"], .ascii), (["LC_ALL": "", "LC_CTYPE": "C.utf8"], .unicode),
    ])
    func `a locale without UTF-8 gets plain characters`(environment: [String: String], glyphs: Glyphs) {
        #expect(Terminal.glyphs(environment) == glyphs)
    }

    @Test func `a block is redrawn in place, including wrapped lines`() throws {
        var screen = Screen(columns: 20, rows: 6)
        try screen.show("before\n" + LiveBlock.change(from: [], to: ["one", "two"], columns: 20))
        try screen.show(LiveBlock.change(from: ["one", "two"], to: ["three"], columns: 20))
        #expect(screen.lines == ["before", "three"])
        // The window is half as wide now: what was one line are two.
        let long = "twelve chars"
        var narrow = Screen(columns: 10, rows: 6)
        try narrow.show("before\n\(long)\n" + LiveBlock.change(from: [long], to: ["x"], columns: 10))
        #expect(narrow.lines == ["before", "x"])
        try narrow.show(LiveBlock.erasure(of: ["x"], columns: 10))
        #expect(narrow.lines == ["before"])
    }

    @Test func `plain lines show the totals`() {
        #expect(
            PlainProgress.line(Self.state(), at: .seconds(20))
                == "200.5 MB of 499.0 MB, 10.0 MB/s, 0:30 left, 1 of 7 files")
    }
}
