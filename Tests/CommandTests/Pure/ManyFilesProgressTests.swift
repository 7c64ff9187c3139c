import ModelFetch
import Testing

@testable import ModelFetchCommand

/// Files that are begun and not finished, when there are many of them.
@Suite struct ManyFilesProgressTests {
    private static func finished(_ path: String) -> DownloadEvent {
        .finished(FileReport(path: path, state: .skipped, size: 10, sha256: nil, isPinned: true))
    }

    @Test func `files stay in the order in which they began, whichever finish first`() {
        let paths = (0..<500).map { "part-\($0)" }
        var state = ProgressState(sizes: Dictionary(uniqueKeysWithValues: paths.map { ($0, 10) }), isAudit: true)
        var left = paths
        for path in paths {
            state.take(.phase(path: path, .hashing), at: .zero)
            state.take(.progress(path: path, bytes: 4, received: false), at: .zero)
        }
        #expect(state.done == 2000)
        // 7 and 500 have no divisor in common: every file's turn comes once.
        for turn in 0..<500 {
            let path = paths[turn * 7 % 500]
            state.take(Self.finished(path), at: .zero)
            left.removeAll { $0 == path }
            guard turn % 50 == 0 else { continue }
            #expect(state.active.map(\.path) == left)
            #expect(state.done == Int64(left.count * 4 + (turn + 1) * 10))
            // One that is there is still found after others are gone.
            state.take(.progress(path: left[0], bytes: 1, received: false), at: .zero)
            #expect(state.active[0].done == 5)
            state.take(.discarded(path: left[0], bytes: 1, reason: ""), at: .zero)
        }
        #expect(state.active.isEmpty && state.done == 5000 && state.finished == 500)
    }

    // What takes time in proportion to the square of the files takes a quarter of an hour here, and what does not, seconds.
    @Test(.timeLimit(.minutes(10)))
    func `all files of a large model may be active at once`() {
        let paths = (0..<40_000).map { "part-\($0)" }
        var state = ProgressState(isAudit: true)
        for path in paths { state.take(.phase(path: path, .hashing), at: .zero) }
        for path in paths { state.take(.progress(path: path, bytes: 1, received: false), at: .zero) }
        for path in paths.reversed() { state.take(Self.finished(path), at: .zero) }
        #expect(state.active.isEmpty && state.finished == 40_000)
    }
}
