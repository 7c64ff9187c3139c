internal import Synchronization

/// The body bytes that a server still sends before it dies (``Fault/die(after:)``).
final class Allowance: Sendable {
    private let left: Mutex<Int64>

    init(_ count: Int64) {
        left = Mutex(max(0, count))
    }

    var isUsedUp: Bool { left.withLock { $0 == 0 } }

    /// Takes up to `count` bytes from the allowance.
    func take(upTo count: Int) -> Int {
        left.withLock { left in
            let taken = Int(min(left, Int64(count)))
            left -= Int64(taken)
            return taken
        }
    }

    /// Gives back what was taken and not used.
    func giveBack(_ count: Int) {
        left.withLock { $0 += Int64(count) }
    }
}
