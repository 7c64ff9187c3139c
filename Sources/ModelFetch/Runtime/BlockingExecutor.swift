internal import DequeModule
internal import Foundation
package import Threads

/// Runs the tasks of a download or an audit on threads of its own, so that blocking calls (files, hashing) never block Swift's
/// cooperative pool.
///
/// A run prefers it for all of its tasks (`withTaskExecutorPreference`), and child tasks inherit the preference. Jobs start in the order
/// in which they are enqueued.
package final class BlockingExecutor: TaskExecutor, @unchecked Sendable {
    // @unchecked: everything mutable is used under `condition` only.
    private let condition = NSCondition()
    private var jobs = Deque<UnownedJob>()
    private var isStopping = false
    private var running = 0
    /// How many threads wait for a job.
    private var idle = 0
    private var threads: [SystemThread] = []

    /// Starts the threads. If the system allows fewer, those suffice: one is enough for everything.
    ///
    /// - Parameters:
    ///   - threads: how many are wanted.
    ///   - start: starts one, or returns `nil`.
    /// - Throws: a ``Failure`` of kind ``Failure/Kind/cannotWrite`` if there is not even one beside those that Swift's own
    ///   runtime needs: a run would wait for them for ever.
    package init(
        threads: Int, processors: Int = ProcessInfo.processInfo.activeProcessorCount,
        start: (@escaping @Sendable () -> Void) -> SystemThread? = { SystemThread($0) }
    ) throws(Failure) {
        // Held while our threads are started, so that they are not the last ones that the system allows.
        guard let reserve = ThreadReserve(ThreadReserve.needed(processors: processors), start: start) else {
            throw .noThreads
        }
        for _ in 0..<threads {
            // Counted first, because a thread without work may end at once.
            condition.withLock { running += 1 }
            if let thread = start({ [self] in work() }) {
                condition.withLock { self.threads.append(thread) }
                continue
            }
            let isAlone = condition.withLock {
                running -= 1
                return running == 0
            }
            if isAlone { throw .noThreads }
            break
        }
        _ = consume reserve
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.lock()
        jobs.append(job)
        let isAwaited = idle > 0
        condition.unlock()
        // After the lock was given up: a thread that is woken needs it first of all.
        if isAwaited { condition.signal() }
    }

    private func work() {
        while let job = next() { job.runSynchronously(on: asUnownedTaskExecutor()) }
        condition.lock()
        running -= 1
        condition.broadcast()
        condition.unlock()
    }

    private func next() -> UnownedJob? {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let job = jobs.popFirst() { return job }
            if isStopping { return nil }
            idle += 1
            condition.wait()
            idle -= 1
        }
    }

    /// Runs the enqueued jobs, then ends the threads and waits for them. Must not be called on one of these threads.
    package func stop() {
        condition.lock()
        isStopping = true
        condition.broadcast()
        while running > 0 { condition.wait() }
        let ended = threads
        threads = []
        condition.unlock()
        // They have nothing left to do, but only after this nothing is left of them.
        for thread in ended { thread.join() }
    }
}

extension Failure {
    /// The system allows this process no more threads.
    package static let noThreads = Failure(
        .cannotWrite, "the system allows this program too few threads",
        remedy: .raiseLimit(.threads))
}
