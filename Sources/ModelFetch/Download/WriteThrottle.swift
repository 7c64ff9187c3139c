/// Limits how often a growing file is written as a whole: at most once a second, and for at most a twentieth of the time, because
/// writing takes longer as the file grows.
struct WriteThrottle: Sendable {
    private static let shortestPause: Duration = .seconds(1)
    /// The shortest pause, as a multiple of the time that the last write took.
    private static let pauseFactor = 19

    private var next: Duration = Self.shortestPause

    /// Whether the file may be written now.
    ///
    /// - Parameter now: the time since the run began.
    func isDue(at now: Duration) -> Bool { now > next }

    /// Notes that the file was written.
    mutating func wrote(from start: Duration, to end: Duration) {
        next = end + max(Self.shortestPause, (end - start) * Self.pauseFactor)
    }
}
