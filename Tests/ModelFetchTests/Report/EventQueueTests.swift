import Testing

@testable import ModelFetch

@Suite struct `Events that wait` {
    private static func progress(_ path: String, _ bytes: Int64, received: Bool = true) -> DownloadEvent {
        .progress(path: path, bytes: bytes, received: received)
    }

    /// What comes out when all of these have gone in, in words that can be compared.
    private static func words(_ events: [DownloadEvent]) -> [String] {
        var queue = EventQueue()
        for event in events { queue.append(event) }
        return drain(&queue)
    }

    private static func drain(_ queue: inout EventQueue) -> [String] {
        var words: [String] = []
        while let event = queue.popFirst() {
            switch event {
            case .progress(let path, let bytes, let received): words.append("\(path) \(received ? "+" : "=")\(bytes)")
            case .phase(let path, let phase): words.append("\(path) \(phase)")
            case .warning(let text): words.append(text)
            case .discarded(let path, let bytes, _): words.append("\(path) -\(bytes)")
            default: words.append("?")
            }
        }
        return words
    }

    @Test(arguments: [
        // A file's progress adds up.
        ([progress("a", 1), progress("a", 2), progress("a", 4)], ["a +7"]),
        // Files do not mix, nor what was received with what was found.
        (
            [progress("a", 1), progress("b", 2), progress("a", 4), progress("a", 8, received: false)],
            ["a +5", "b +2", "a =8"]
        ),
        // What else is said of a file stays where it was among its progress.
        (
            [progress("a", 1), .phase(path: "a", .verifying), progress("a", 2), progress("a", 4)],
            ["a +1", "a verifying", "a +6"]
        ),
        (
            [progress("a", 8), .discarded(path: "a", bytes: 8, reason: ""), progress("a", 8)],
            ["a +8", "a -8", "a +8"]
        ),
        // What is said of others, or of the run, is no reason to begin anew.
        (
            [progress("a", 1), .phase(path: "b", .receiving), .warning("w"), progress("a", 2)],
            ["a +3", "b receiving", "w"]
        ),
    ])
    func `add up where that changes nothing else`(events: [DownloadEvent], expected: [String]) {
        #expect(Self.words(events) == expected)
    }

    @Test func `grow by no more than what is said beside progress`() {
        var queue = EventQueue()
        for round in 0..<100_000 { queue.append(Self.progress("\(round % 4)", 1, received: round % 3 == 0)) }
        #expect(queue.count == 8)
    }

    @Test func `have been taken once, and what was taken does not grow`() {
        var queue = EventQueue()
        var sum: Int64 = 0
        // So often that the queue has moved its front away several times.
        for round in 0..<1000 {
            queue.append(Self.progress("a", 1))
            queue.append(Self.progress("a", 1))
            queue.append(.warning("w"))
            if round % 3 == 0 { continue }
            while let event = queue.popFirst() {
                if case .progress(_, let bytes, _) = event { sum += bytes }
            }
            #expect(queue.count == 0)
        }
        #expect(sum == 2000 - 2)
    }
}
