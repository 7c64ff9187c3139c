internal import Foundation
package import Storage
internal import Threads
package import Transfer

/// Everything outside the library that a run uses: network, disk, time, randomness, threads and processors. Tests and the simulator replace it.
package struct Runtime: Sendable {
    package var transport: any Transport
    package var disk: any Disk
    package var time: Time
    package var random: Randomness
    /// Runs the tasks of the run, which may block.
    package var executor: any TaskExecutor
    /// Identifies the current boot of the machine (``BootID``); `nil` if it is not known.
    package var bootID: String?
    /// How many processors there are: how much of a file is read back at once.
    package var processors: Int
    /// How often a file's connections are looked after; `nil` for only when something happens to one of them.
    package var interval: Duration? = .milliseconds(250)
    /// How files are divided among connections.
    package var leases = LeaseSizes()
    /// How many bytes at a time are hashed by a task of their own; fewer are hashed where they are written.
    package var leastQueued = PrefixHasher.leastQueued
    /// How many connections an origin gets before anything is known about it; `nil` for the usual start.
    package var firstConnections: Int?

    package init(
        transport: any Transport, disk: any Disk, time: Time, random: Randomness, executor: any TaskExecutor,
        bootID: String?, processors: Int = max(ProcessInfo.processInfo.activeProcessorCount, 1)
    ) {
        self.transport = transport
        self.disk = disk
        self.time = time
        self.random = random
        self.executor = executor
        self.bootID = bootID
        self.processors = processors
    }
}

/// A clock, reduced to what a run needs: elapsed time and sleeping.
package struct Time: Sendable {
    /// The time since this value was created.
    package let now: @Sendable () -> Duration
    /// Sleeps. Throws `CancellationError` promptly if the task is cancelled.
    package let sleep: @Sendable (Duration) async throws -> Void

    package init<C: Clock>(_ clock: C) where C.Duration == Duration {
        let start = clock.now
        now = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(for: $0) }
    }
}

/// A random number generator that several tasks may use.
package final class Randomness: RandomNumberGenerator, Sendable {
    private let generator: Lock<any RandomNumberGenerator & Sendable>

    package init(_ generator: any RandomNumberGenerator & Sendable) { self.generator = Lock(generator) }

    package func next() -> UInt64 { generator.withLock { $0.next() } }

    /// Random bytes.
    package func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            withUnsafeBytes(of: next().littleEndian) { word in bytes += word.prefix(count - bytes.count) }
        }
        return bytes
    }
}
