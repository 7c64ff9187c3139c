internal import NIOCore
internal import Synchronization

/// Limits the rate of one connection, or of several together.
final class Pacer: Sendable {
    private let bytesPerSecond: Int64
    /// Whether it limits several connections together.
    private let isShared: Bool
    /// When the next byte is due.
    private let due = Mutex(NIODeadline.now())

    /// How much is sent at once: 10 ms worth of bytes, so that slow rates are steady and not in bursts.
    let quantum: Int

    init(bytesPerSecond: Int64, isShared: Bool) {
        self.bytesPerSecond = bytesPerSecond
        self.isShared = isShared
        quantum = Int(max(1, min(bytesPerSecond / 100, 32 << 10)))
    }

    /// Schedules `count` bytes and returns when they are due.
    ///
    /// At most 50 ms of delay are made up for: a timer that was late, but not a client that did not read.
    func book(_ count: Int, now: NIODeadline) -> NIODeadline {
        due.withLock { due in
            let start = max(due, now - .milliseconds(50))
            due = start + .nanoseconds(Int64(count) * 1_000_000_000 / bytesPerSecond)
            return start
        }
    }

    /// Takes note that the bytes that were booked last wait for another pacer until then, which is not made up for. It
    /// must not hold up the other connections of a shared pacer.
    func waits(until time: NIODeadline) {
        if !isShared { due.withLock { $0 = max($0, time) } }
    }

    /// Begins another response on the connection: the time without one is not made up for, and what the last response
    /// has sent early is still held against it.
    func beginResponse() {
        due.withLock { $0 = max($0, .now()) }
    }
}
