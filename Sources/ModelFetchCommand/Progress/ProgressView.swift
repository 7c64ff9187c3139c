internal import ModelFetch

/// Shows a person what a run is doing. Events come from any thread; ``tick()`` comes again and again, from one task.
protocol ProgressView: Sendable {
    /// How often it wants to tick.
    var interval: Duration { get }
    func show(_ event: DownloadEvent)
    func tick()
    /// The run is over: what was drawn goes, what is to be said was said.
    ///
    /// - Returns: the sums of the run.
    func end() -> ProgressState
}

extension ProgressView {
    /// Runs work that tells this view of its events, and ticks meanwhile.
    func accompany<Result: Sendable>(_ work: @Sendable () async -> Result) async -> (Result, ProgressState) {
        let result = await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    tick()
                    // Cut short by the cancellation that ends the loop.
                    try? await Task.sleep(for: interval)
                }
            }
            let result = await work()
            group.cancelAll()
            return result
        }
        return (result, end())
    }
}

/// Chooses how progress is shown.
enum ProgressViews {
    static func view(
        _ context: CommandContext, style: ProgressStyle, sizes: [String: Int64], isAudit: Bool = false
    ) -> any ProgressView {
        let isShown = style != .none && !context.isQuiet && !context.isJSON
        let state = ProgressState(sizes: sizes, isAudit: isAudit)
        let isDrawn = style == .bar || style == .auto && Terminal.suitsDrawing() && Terminal.isOurs
        guard isShown, isDrawn else { return PlainProgress(context, state, isShown: isShown) }
        return TerminalProgress(context, state, glyphs: Terminal.glyphs())
    }
}
