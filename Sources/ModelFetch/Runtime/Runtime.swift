package import Storage
internal import Synchronization
package import Transfer

/// What a run reaches the outside through: network, disk, time, chance, threads. Tests and simulators put theirs in place.
package struct Runtime: Sendable {
    package var transport: any Transport
    package var disk: any Disk
    package var time: Time
    package var random: Randomness
    /// Runs the run's tasks; must not mind being blocked.
    package var executor: any TaskExecutor
    /// Tells one boot of the machine from the next; `nil` where that cannot be told.
    package var bootID: String?

    package init(
        transport: any Transport, disk: any Disk, time: Time, random: Randomness, executor: any TaskExecutor,
        bootID: String?
    ) {
        self.transport = transport
        self.disk = disk
        self.time = time
        self.random = random
        self.executor = executor
        self.bootID = bootID
    }
}

/// A clock, reduced to what a run needs: how long it has been, and waiting.
package struct Time: Sendable {
    /// The time since this value was made.
    package let now: @Sendable () -> Duration
    /// Throws `CancellationError`, promptly, when the task is cancelled.
    package let sleep: @Sendable (Duration) async throws -> Void

    package init<C: Clock>(_ clock: C) where C.Duration == Duration {
        let start = clock.now
        now = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(for: $0) }
    }
}

/// A random number generator that several tasks may ask.
package final class Randomness: RandomNumberGenerator, Sendable {
    private let generator: Mutex<any RandomNumberGenerator & Sendable>

    package init(_ generator: any RandomNumberGenerator & Sendable) { self.generator = Mutex(generator) }

    package func next() -> UInt64 { generator.withLock { $0.next() } }

    /// Random bytes.
    package func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}
