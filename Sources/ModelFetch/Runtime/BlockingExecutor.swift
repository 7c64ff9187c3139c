internal import Foundation

/// Threads on which a download's tasks run, so that what blocks (file calls, hashing) never holds up the cooperative pool.
///
/// A run prefers it for all of its tasks (`withTaskExecutorPreference`); child tasks inherit that. Jobs are started in the
/// order in which they came.
final class BlockingExecutor: TaskExecutor, @unchecked Sendable {
    // @unchecked: everything mutable is used under `condition` only.
    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []
    private var head = 0
    private var isStopping = false
    private var running: Int

    init(threads: Int) {
        running = threads
        for index in 0..<threads {
            let thread = Thread { [self] in work() }
            thread.name = "modelfetch-\(index)"
            thread.start()
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.lock()
        jobs.append(job)
        condition.signal()
        condition.unlock()
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
        while head == jobs.count {
            if isStopping { return nil }
            condition.wait()
        }
        let job = jobs[head]
        head += 1
        // The spent front goes when it is most of the array, so that a job costs the same whatever came before.
        if head > 64, head * 2 > jobs.count {
            jobs.removeFirst(head)
            head = 0
        }
        return job
    }

    /// Runs what is queued, then ends the threads and waits for them. Not to be called on one of them.
    func stop() {
        condition.lock()
        isStopping = true
        condition.broadcast()
        while running > 0 { condition.wait() }
        condition.unlock()
    }
}
