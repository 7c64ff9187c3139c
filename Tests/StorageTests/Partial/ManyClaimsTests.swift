import Testing

@testable import Storage

/// On a slow link a record is written every second, and a journal of so many is honest.
@Suite(.timeLimit(.minutes(10))) struct `A quarter of a million claims` {
    private static let count: Int64 = 250_000

    enum Layout: CaseIterable { case touching, apart }

    private func contents(_ layout: Layout) -> JournalContents {
        var contents = JournalContents()
        contents.versions = [1: SourceVersion("a", ""), 2: SourceVersion("b", "")]
        contents.claims = (0..<Self.count).map { index in
            // Of two sources in turn, so that no two are joined.
            let end = 2 * index + (layout == .touching ? 2 : 1)
            return claim(2 * index, end, UInt16(index % 2 + 1))
        }
        return contents
    }

    // One that moves all the rest for every claim, or walks along all of them, is at it for minutes.
    @Test(arguments: Layout.allCases)
    func `are checked in time in proportion`(layout: Layout) {
        var state = PartialState(contents(layout))
        #expect(state.claimed.byteCount == (layout == .touching ? 2 : 1) * Self.count)
        var checked: Int64 = 0
        let deadline = ContinuousClock.now + .seconds(90)
        while let claim = state.beginCheck(), ContinuousClock.now < deadline {
            guard state.settle(claim, isRight: true) else { break }
            state.end(claim.range)
            checked += Int64(claim.range.count)
            // What the network's task asks meanwhile.
            guard state.held.byteCount == checked, state.begin(claim.range).isEmpty else { break }
        }
        #expect(state.held.byteCount == checked && state.claimed.byteCount == 0)
        #expect(checked == (layout == .touching ? 2 : 1) * Self.count)
    }

    @Test(arguments: Layout.allCases)
    func `are checked by four at once in time in proportion`(layout: Layout) {
        var state = PartialState(contents(layout))
        let deadline = ContinuousClock.now + .seconds(90)
        var checking: [JournalContents.Claim] = []
        while ContinuousClock.now < deadline {
            while checking.count < 4, let claim = state.beginCheck() { checking.append(claim) }
            // The second one is done first.
            guard !checking.isEmpty else { break }
            let claim = checking.remove(at: min(1, checking.count - 1))
            guard state.settle(claim, isRight: true) else { break }
            state.end(claim.range)
        }
        #expect(state.held.byteCount == (layout == .touching ? 2 : 1) * Self.count)
        #expect(state.claimed.byteCount == 0)
    }
}
