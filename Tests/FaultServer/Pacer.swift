internal import NIOCore
internal import Synchronization

/// Spreads bytes over time at a fixed rate. One connection's own, or shared by many.
final class Pacer: Sendable {
    private let bytesPerSecond: Int64
    /// When the next byte is due.
    private let due = Mutex(NIODeadline.now())

    /// How much is sent at once: what is due in 10 ms, so that slow rates drip rather than burst.
    let quantum: Int

    init(bytesPerSecond: Int64) {
        self.bytesPerSecond = bytesPerSecond
        quantum = Int(max(1, min(bytesPerSecond / 100, 32 << 10)))
    }

    /// Books `count` bytes and says how long they have to wait.
    ///
    /// A timer that fires late is made up for, a client that did not read is not: at most 50 ms of arrears count.
    func book(_ count: Int) -> TimeAmount {
        due.withLock { due in
            let now = NIODeadline.now()
            let start = max(due, now - .milliseconds(50))
            due = start + .nanoseconds(Int64(count) * 1_000_000_000 / bytesPerSecond)
            return max(.zero, start - now)
        }
    }
}

extension TimeAmount {
    fileprivate static let zero = TimeAmount.nanoseconds(0)
}
