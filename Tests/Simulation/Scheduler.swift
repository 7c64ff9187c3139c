import Foundation
import SeededRandom

/// Runs every task of a simulation on one thread, one job at a time, in an order that the seed decides; time passes only when
/// nothing is left to run, and then at once.
///
/// Used by the thread that made it, and no other: a job that some other executor enqueues here would make a seed irreproducible,
/// and traps.
final class Scheduler: TaskExecutor, @unchecked Sendable {
    // @unchecked: everything happens on one thread, see `check()`.
    private var ready: [UnownedJob] = []
    private var timers: [Int: (due: Duration, action: () -> Void)] = [:]
    private var nextTimer = 0
    private let thread = pthread_self()

    /// Virtual time since the simulation began.
    private(set) var now: Duration = .zero
    /// Jobs run so far.
    private(set) var steps = 0
    var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    func enqueue(_ job: consuming ExecutorJob) {
        check()
        ready.append(UnownedJob(job))
    }

    private func check() { precondition(pthread_equal(thread, pthread_self()) != 0, "a job from another thread") }

    // MARK: Driving

    /// Why driving stopped.
    enum Stop: Hashable, Sendable {
        case done
        /// Nothing can run, no timer is set, and it is not done.
        case deadlock
        /// It went on for longer than allowed.
        case endless
    }

    /// Runs jobs, and lets time pass where there are none, until `isDone`.
    func drive(steps limit: Int, until deadline: Duration, isDone: () -> Bool) -> Stop {
        check()
        let last = steps + limit
        while !isDone() {
            guard steps < last, now <= deadline else { return .endless }
            if ready.isEmpty {
                guard let next = timers.min(by: { ($0.value.due, $0.key) < ($1.value.due, $1.key) }) else {
                    return .deadlock
                }
                timers[next.key] = nil
                now = max(now, next.value.due)
                next.value.action()
                continue
            }
            // Any of the jobs that could run may be the next.
            let index = random.below(ready.count)
            ready.swapAt(index, ready.count - 1)
            let job = ready.removeLast()
            steps += 1
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
        return .done
    }

    // MARK: Waiting

    /// Waits for virtual time to pass.
    func sleep(until due: Duration) async throws(CancellationError) {
        check()
        let id = nextTimer
        nextTimer += 1
        let isCancelled = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: CheckedContinuation<Bool, Never>) in
                if Task.isCancelled { return waiter.resume(returning: true) }
                sleepers[id] = waiter
                timers[id] = (max(due, now), { [self] in sleepers.removeValue(forKey: id)?.resume(returning: false) })
            }
        } onCancel: {
            check()
            timers[id] = nil
            sleepers.removeValue(forKey: id)?.resume(returning: true)
        }
        if isCancelled { throw CancellationError() }
    }

    private var sleepers: [Int: CheckedContinuation<Bool, Never>] = [:]

    /// Drops what was to happen later: it may hold whatever holds this scheduler.
    func forgetTimers() {
        check()
        timers = [:]
    }

    /// Does something when so much virtual time has passed.
    func after(_ delay: Duration, _ action: @escaping () -> Void) {
        check()
        timers[nextTimer] = (now + delay, action)
        nextTimer += 1
    }
}

/// The scheduler's time as a clock.
struct VirtualClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration

        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private let scheduler: Scheduler

    init(_ scheduler: Scheduler) { self.scheduler = scheduler }

    var now: Instant { Instant(offset: scheduler.now) }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try await scheduler.sleep(until: deadline.offset)
    }
}
