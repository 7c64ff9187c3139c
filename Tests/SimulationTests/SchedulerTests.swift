import Testing

@testable import Simulation

@Suite struct `A scheduler` {
    /// What the tasks of a test leave behind; used on the scheduler's thread only.
    private final class Notes: @unchecked Sendable {
        var lines: [String] = []
        var isDone = false
    }

    @Test func `lets hours pass at once, in their order`() {
        let scheduler = Scheduler(seed: 1)
        let notes = Notes()
        for hours in [3, 1, 2] {
            Task(executorPreference: scheduler) {
                try await VirtualClock(scheduler).sleep(for: .seconds(hours * 3600))
                notes.lines.append("\(hours)")
            }
        }
        let stop = scheduler.drive(steps: 100, until: .seconds(86_400)) { notes.lines.count == 3 }
        #expect(stop == .done)
        #expect(notes.lines == ["1", "2", "3"])
        #expect(scheduler.now == .seconds(3 * 3600))
    }

    @Test func `tells that nothing can go on`() {
        let scheduler = Scheduler(seed: 1)
        #expect(scheduler.drive(steps: 100, until: .seconds(1)) { false } == .deadlock)
    }

    @Test func `tells that something goes on for ever`() {
        let scheduler = Scheduler(seed: 1)
        let notes = Notes()
        let task = Task(executorPreference: scheduler) {
            while !Task.isCancelled { await Task.yield() }
            notes.isDone = true
        }
        #expect(scheduler.drive(steps: 1000, until: .seconds(1)) { false } == .endless)
        task.cancel()
        #expect(scheduler.drive(steps: 1000, until: .seconds(1)) { notes.isDone } == .done)
    }

    @Test func `ends a wait when its task is cancelled`() {
        let scheduler = Scheduler(seed: 1)
        let notes = Notes()
        let task = Task(executorPreference: scheduler) {
            do { try await VirtualClock(scheduler).sleep(for: .seconds(1000)) } catch { notes.isDone = true }
        }
        scheduler.after(.seconds(1)) { task.cancel() }
        #expect(scheduler.drive(steps: 1000, until: .seconds(10)) { notes.isDone } == .done)
        #expect(scheduler.now == .seconds(1))
    }
}
