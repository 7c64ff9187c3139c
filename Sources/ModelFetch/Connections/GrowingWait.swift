/// A wait that doubles every time, up to a longest one.
struct GrowingWait: Sendable {
    private(set) var next: Duration
    private let longest: Duration

    init(from first: Duration, to longest: Duration) {
        next = first
        self.longest = longest
    }

    /// The wait for this time.
    mutating func take() -> Duration {
        defer { next = min(next * 2, longest) }
        return next
    }
}
