/// A look at what a file's first connection to a near origin brings, before the file gets a second one.
///
/// One connection may bring all that the two machines can do; more of them would only cost processor time. This shows within a moment, if the
/// origin is near. If it is far away, a moment shows nothing, and nothing waits for it.
enum FirstLook: Sendable {
    private static let length: Duration = .milliseconds(50)
    /// An origin that answers within this time is near.
    private static let near: Duration = .milliseconds(20)

    case due
    case open(since: Duration, bytes: Int64)
    case done

    /// Whether files are to wait with a second connection.
    var isOpen: Bool { if case .open = self { true } else { false } }

    /// The head of a response has come.
    ///
    /// - Parameter bytes: those that have come from the origin so far.
    mutating func answered(after latency: Duration, bytes: Int64, at now: Duration) {
        guard case .due = self else { return }
        self = latency < Self.near ? .open(since: now, bytes: bytes) : .done
    }

    /// - Returns: bytes per second, once, when the look has lasted for long enough.
    mutating func end(bytes: Int64, at now: Duration) -> Double? {
        guard case .open(let start, let before) = self, now >= start + Self.length else { return nil }
        self = .done
        return Double(bytes - before) / ((now - start) / .seconds(1))
    }
}
