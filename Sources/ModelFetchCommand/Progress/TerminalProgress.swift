internal import Logging
internal import ModelFetch
internal import Threads

/// Progress as a block of lines at the end of a terminal, redrawn ten times a second, below the lines that stay.
///
/// Only ``tick()`` writes, so that a blocked terminal (Ctrl-S) does not block the download.
final class TerminalProgress: ProgressView {
    /// In a run of up to so many files, each finished file gets a line that stays.
    private static let fewFiles = 20
    /// How many lines are kept at most while the terminal is blocked.
    private static let mostWaiting = 1000

    let interval: Duration = .milliseconds(100)
    private let context: CommandContext
    private let glyphs: Glyphs
    private let stopwatch = Stopwatch()
    private let state: Lock<State>

    private struct State {
        var sums: ProgressState
        var waiting: [String] = []
        var timesContinued: Int
        var lastTick: Duration = .zero
        var dropped = DroppedSources()
    }

    init(_ context: CommandContext, _ sums: ProgressState, glyphs: Glyphs) {
        self.context = context
        self.glyphs = glyphs
        Terminal.watchContinuations()
        state = Lock(State(sums: sums, timesContinued: Terminal.timesContinued))
    }

    func show(_ event: DownloadEvent) {
        let now = stopwatch.elapsed
        state.withLock { state in
            state.sums.take(event, at: now)
            guard state.dropped.isNews(event, state.sums) else { return }
            if let line = line(for: event, state.sums), state.waiting.count < Self.mostWaiting {
                state.waiting.append(line)
            }
        }
    }

    /// The line for an event that stays, in addition to what the block shows.
    private func line(for event: DownloadEvent, _ sums: ProgressState) -> String? {
        switch event {
        case .warning(let text): return "warning: \(text)"
        case .debug(let text): return context.isVerbose ? "debug: \(text)" : nil
        // The results of an audit are printed at its end.
        case _ where sums.isAudit: return nil
        case .started, .waitingForLock, .discarded, .replaced, .sourceDropped: return ProgressLines.line(for: event)
        case .finished(let report) where report.state == .failed: return ProgressLines.line(for: event)
        // Files that were already here are counted at the end.
        case .finished(let report) where sums.fileCount <= Self.fewFiles && report.state != .skipped:
            return ProgressLines.line(for: event)
        case .retrying, .phase, .finished:
            guard context.isVerbose else { return nil }
            return (ProgressLines.line(for: event) ?? ProgressLines.detail(of: event)).map { "debug: \($0)" }
        case .progress, .ended: return nil
        }
    }

    func tick() {
        guard !hasJustWoken() else { return }
        let size = Terminal.size
        let drawing = ProgressDrawing(columns: size.columns, rows: size.rows, glyphs: glyphs)
        let now = stopwatch.elapsed
        let (waiting, block, wasContinued) = state.withLock { state in
            defer {
                state.waiting = []
                state.timesContinued = Terminal.timesContinued
            }
            let block = drawing.lines(state.sums, at: now)
            return (state.waiting, block, state.timesContinued != Terminal.timesContinued)
        }
        if wasContinued { Console.shared.abandonBlock() }
        if !waiting.isEmpty { Console.shared.err(waiting) }
        Console.shared.draw(Terminal.isOurs ? block : [])
    }

    /// Whether the last tick was long ago. The process may then have been stopped, and SIGCONT not yet have arrived; to draw before
    /// it does could overwrite what other programs have written meanwhile.
    private func hasJustWoken() -> Bool {
        let now = stopwatch.elapsed
        return state.withLock { state in
            defer { state.lastTick = now }
            return now - state.lastTick > .milliseconds(500)
        }
    }

    func end() -> ProgressState {
        let (waiting, sums) = state.withLock { state in
            defer { state.waiting = [] }
            return (state.waiting, state.sums)
        }
        Console.shared.draw([])
        if !waiting.isEmpty { Console.shared.err(waiting) }
        return sums
    }
}
