/// How progress is shown.
enum ProgressStyle: String, CaseIterable {
    /// Bars on a terminal, plain lines elsewhere.
    case auto
    /// Bars that are redrawn in place, even where stderr is not a terminal.
    case bar
    /// A line for each event, and one with the totals every 10 s.
    case plain
    case none
}
