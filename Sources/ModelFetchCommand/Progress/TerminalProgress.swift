internal import Logging
internal import ModelFetch
internal import Synchronization

/// Progress as a block of lines at the end of a terminal, drawn over ten times a second, and above it what stays to be read.
///
/// Only ``tick()`` writes: a terminal that takes nothing (Ctrl-S) holds up nobody who downloads.
final class TerminalProgress: ProgressView {
    /// Up to so many files each gets a line that stays when it is done.
    private static let fewFiles = 20
    /// What waits to be written while the terminal takes nothing, in lines.
    private static let mostWaiting = 1000

    let interval: Duration = .milliseconds(100)
    private let context: CommandContext
    private let glyphs: Glyphs
    private let stopwatch = Stopwatch()
    private let state: Mutex<State>

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
        state = Mutex(State(sums: sums, timesContinued: Terminal.timesContinued))
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

    /// What of an event stays to be read, beside what the block shows while it lasts.
    private func line(for event: DownloadEvent, _ sums: ProgressState) -> String? {
        switch event {
        case .warning(let text): return "warning: \(text)"
        case .debug(let text): return context.isVerbose ? "debug: \(text)" : nil
        // What an audit finds is said at its end.
        case _ where sums.isAudit: return nil
        case .started, .waitingForLock, .discarded, .replaced, .sourceDropped: return ProgressLines.line(for: event)
        case .finished(let report) where report.state == .failed: return ProgressLines.line(for: event)
        // What was there already is counted in the end.
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

    /// Whether it is long since the last tick: the process may have been stopped, and the signal that says so be on its way. What is
    /// drawn before it comes would be drawn over what others wrote meanwhile.
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
