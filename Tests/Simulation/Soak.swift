import Foundation
import Synchronization

/// Runs many schedules on several threads.
package final class Soak: Sendable {
    /// The totals.
    package struct Total: Sendable {
        package var schedules = 0
        package var runs = 0
        package var kills = 0
        package var cuts = 0
        package var requests = 0
        package var connections = 0
        package var events = EventCounts()
        /// The violations by seed.
        package var failures: [UInt64: [String]] = [:]
    }

    private let seeds: Range<UInt64>
    private let threads: Int
    private let failures: Int
    private let play: @Sendable (UInt64) -> Simulation.Verdict
    private let state: Mutex<(next: UInt64, total: Total)>

    /// - Parameter failures: after this many failing seeds, no more are started.
    package init(
        seeds: Range<UInt64>, threads: Int, failures: Int,
        play: @escaping @Sendable (UInt64) -> Simulation.Verdict
    ) {
        self.seeds = seeds
        self.threads = threads
        self.failures = failures
        self.play = play
        state = Mutex((seeds.lowerBound, Total()))
    }

    package func run() -> Total {
        let group = DispatchGroup()
        for _ in 0..<threads {
            group.enter()
            let thread = Thread { [self] in
                while let seed = take() { add(play(seed), seed) }
                group.leave()
            }
            // Tasks nest deeply when one thread runs all of them.
            thread.stackSize = 8 << 20
            thread.start()
        }
        group.wait()
        return state.withLock { $0.total }
    }

    private func take() -> UInt64? {
        state.withLock { state in
            guard state.next < seeds.upperBound, state.total.failures.count < failures else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    private func add(_ verdict: Simulation.Verdict, _ seed: UInt64) {
        state.withLock { state in
            state.total.schedules += 1
            state.total.runs += verdict.runs
            state.total.kills += verdict.kills
            state.total.cuts += verdict.cuts
            state.total.requests += verdict.requests
            state.total.connections = max(state.total.connections, verdict.connections)
            state.total.events += verdict.events
            if !verdict.isFine { state.total.failures[seed] = verdict.violations }
        }
    }
}
