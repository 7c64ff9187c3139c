internal import Logging
internal import ModelFetch
internal import Threads

/// Progress as lines on stderr: one for each event, and one with the totals every 10 s.
final class PlainProgress: ProgressView {
    private static let pause: Duration = .seconds(10)

    let interval: Duration = .milliseconds(500)
    private let context: CommandContext
    private let isShown: Bool
    private let stopwatch = Stopwatch()
    private let state: Lock<State>

    private struct State {
        var sums: ProgressState
        var lastLine: Duration = .zero
        /// The source that was last printed for each file, and the first one that was printed, which goes without saying for others.
        var sources: [String: String] = [:]
        var firstSource: String?
        var dropped = DroppedSources()
    }

    init(_ context: CommandContext, _ sums: ProgressState, isShown: Bool) {
        self.context = context
        self.isShown = isShown
        state = Lock(State(sums: sums))
    }

    func show(_ event: DownloadEvent) {
        let now = stopwatch.elapsed
        let isNews = state.withLock { state in
            state.sums.take(event, at: now)
            // Of an audit only the totals are shown; its results are printed at the end.
            if state.sums.isAudit { return false }
            guard case .phase(let path, .connecting(let source, _, let held)) = event else {
                return state.dropped.isNews(event, state.sums)
            }
            // For another attempt with the same source, its reason was printed already.
            let last = state.sources.updateValue(source, forKey: path)
            let expected = last ?? (held > 0 ? nil : state.firstSource)
            state.firstSource = state.firstSource ?? source
            return source != expected
        }
        switch event {
        case .warning(let text): context.logger.warning("\(text)")
        case .debug(let text): context.logger.debug("\(text)")
        default:
            if let line = ProgressLines.line(for: event) {
                if isShown, isNews { Console.shared.err(line) }
            } else if let detail = ProgressLines.detail(of: event) {
                context.logger.debug("\(detail)")
            }
        }
    }

    func tick() {
        guard isShown else { return }
        let now = stopwatch.elapsed
        let line: String? = state.withLock { state in
            guard state.sums.fileCount > 0, now - state.lastLine >= Self.pause else { return nil }
            state.lastLine = now
            return Self.line(state.sums, at: now)
        }
        if let line { Console.shared.err(line) }
    }

    func end() -> ProgressState { state.withLock { $0.sums } }

    /// The totals.
    static func line(_ sums: ProgressState, at now: Duration) -> String {
        var parts = ["\(Formatting.bytes(sums.done)) of \(Formatting.bytes(sums.totalBytes))"]
        if let rate = sums.rate.rate(at: now) {
            parts.append("\(Formatting.bytes(Int64(rate)))/s")
            if rate >= 1, let left = Formatting.clock(Double(sums.missing) / rate) { parts.append("\(left) left") }
        }
        parts.append("\(sums.finished - sums.failed) of \(Formatting.count(sums.fileCount, "file"))")
        return parts.joined(separator: ", ")
    }
}
