internal import ModelFetch

/// Shows people what a run is doing. Events come from any thread; one task calls ``tick()`` at regular intervals.
protocol ProgressView: Sendable {
    /// The time between two ticks.
    var interval: Duration { get }
    func show(_ event: DownloadEvent)
    func tick()
    /// Ends the display: prints what is still waiting, and erases what was drawn.
    ///
    /// - Returns: the sums of the run.
    func end() -> ProgressState
}

extension ProgressView {
    /// Runs work that reports its events to this view, which ticks meanwhile.
    func accompany<Result: Sendable>(_ work: @Sendable () async -> Result) async -> (Result, ProgressState) {
        let result = await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    tick()
                    // The cancellation that ends the loop also ends the sleep.
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

/// Chooses the view.
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
