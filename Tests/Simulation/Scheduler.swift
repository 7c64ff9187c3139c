import Foundation
import SeededRandom

/// Runs all tasks of a simulation on one thread, one job at a time, in an order that the seed decides. Time passes only
/// when no job can run, and then at once.
///
/// Used only by the thread that created it. A job that another thread enqueues would make a seed irreproducible,
/// and traps.
final class Scheduler: TaskExecutor, @unchecked Sendable {
    // @unchecked: it is used on one thread only; `check()` enforces that.
    private var ready: [UnownedJob] = []
    private var timers: [Int: (due: Duration, action: () -> Void)] = [:]
    private var nextTimer = 0
    private let thread = pthread_self()

    /// Virtual time since the simulation began.
    private(set) var now: Duration = .zero
    /// The number of jobs run so far.
    private(set) var steps = 0
    var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    func enqueue(_ job: consuming ExecutorJob) {
        check()
        ready.append(UnownedJob(job))
    }

    private func check() { precondition(pthread_equal(thread, pthread_self()) != 0, "a job from another thread") }

    // MARK: Driving

    /// Why the simulation stopped.
    enum Stop: Hashable, Sendable {
        case done
        /// No job can run, no timer is set, and it is not done.
        case deadlock
        /// It exceeded the limit.
        case endless
    }

    /// Runs jobs, and lets time pass when there are none, until `isDone`.
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
            // Any job that can run may be next.
            let index = random.below(ready.count)
            ready.swapAt(index, ready.count - 1)
            let job = ready.removeLast()
            steps += 1
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
        return .done
    }

    // MARK: Waiting

    /// Ends a sleep early (``ring(_:)``).
    final class Alarm {
        fileprivate var sleeper: Int?
    }

    /// Ends the sleep that waits for an alarm, if there is one, like a cancellation.
    func ring(_ alarm: Alarm) {
        check()
        guard let id = alarm.sleeper else { return }
        alarm.sleeper = nil
        timers[id] = nil
        sleepers.removeValue(forKey: id)?.resume(returning: true)
    }

    /// Waits for virtual time to pass.
    func sleep(until due: Duration, alarm: Alarm? = nil) async throws(CancellationError) {
        check()
        let id = nextTimer
        nextTimer += 1
        alarm?.sleeper = id
        defer { alarm?.sleeper = nil }
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

    /// Drops pending timers, which may have references to the owner of this scheduler.
    func forgetTimers() {
        check()
        timers = [:]
    }

    /// Calls a function after this much virtual time.
    func after(_ delay: Duration, _ action: @escaping () -> Void) {
        check()
        timers[nextTimer] = (now + delay, action)
        nextTimer += 1
    }
}

/// The virtual time as a clock.
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
