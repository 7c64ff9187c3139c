/// How often a file that is written as a whole may be written while it grows: at most once a second, and for at most a
/// twentieth of the time, since the larger it is the longer that takes.
struct WriteThrottle: Sendable {
    private static let shortestPause: Duration = .seconds(1)
    /// How many times as long as the last writing took there is none.
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
