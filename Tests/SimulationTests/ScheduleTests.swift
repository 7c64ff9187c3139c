import Simulation
import Testing

/// What plays the schedules of faults: that it plays them, the same ones each time, and finds what is wrong. The promises
/// are put to ten thousand of them by `./test`, optimized; for a longer soak: `swift run -c release simulate --count 200000`.
@Suite(.timeLimit(.minutes(10))) struct `Seeded schedules` {
    @Test func `whole runs break no promise`() {
        let total = Soak(seeds: 1_000_000..<1_000_020, threads: 1, failures: 3) { seed in
            // It throws for a manifest that breaks a rule, which would be a mistake of the schedule's.
            try! Simulation(Schedule(seed: seed), profile: Profile(of: seed)).play()
        }.run()
        #expect(total.failures.isEmpty, "\(again(total, ""))")
        // That the faults really came about.
        #expect(total.schedules == 20)
        #expect(total.kills > 0 && total.cuts > 0 && total.requests > 20)
    }

    @Test func `several writers on one partial break no promise`() {
        let total = Soak(seeds: 1_000_008..<1_000_012, threads: 1, failures: 3) { seed in
            WriterSimulation(seed: seed).play()
        }.run()
        #expect(total.failures.isEmpty, "\(again(total, " --writers"))")
        #expect(total.kills > 0 && total.cuts > 0)
    }

    private func again(_ total: Soak.Total, _ option: String) -> String {
        total.failures.sorted { $0.key < $1.key }.map { seed, violations in
            "\(violations[0]); again, call by call: swift run -c release simulate\(option) --seed \(seed) --verbose"
        }.joined(separator: "\n")
    }

    @Test(arguments: UInt64(0)..<12)
    func `the same seed plays the same`(seed: UInt64) throws {
        let schedule = Schedule(seed: seed)
        let first = try Simulation(schedule).play()
        let second = try Simulation(schedule).play()
        #expect(first.trace == second.trace)
        #expect(first.requests == second.requests)
    }

    @Test func `a schedule survives being written down`() throws {
        for seed in UInt64(0)..<200 {
            let schedule = Schedule(seed: seed)
            #expect(try Schedule(from: schedule.text) == schedule)
        }
    }

    /// Lies of the disk that break a promise however right the program is: if they are not found, nothing is.
    @Test(arguments: DiskLie.allCases)
    func `a disk that lies is found out`(lie: DiskLie) throws {
        let failing = try firstFailure(with: lie)
        #expect(failing != nil)
    }

    @Test func `what fails is shrunk to what it takes`() throws {
        let failing = try #require(try firstFailure(with: .fileSyncDoesNothing))
        let small = failing.shrunk { (try? Simulation($0).play().isFine) == false }
        #expect(try !Simulation(small).play().isFine)
        #expect(small.events < failing.events)
        #expect(small.events <= 2, "\(small.text)")
    }

    private func firstFailure(with lie: DiskLie) throws -> Schedule? {
        for seed in UInt64(0)..<600 {
            // The sick disk's schedules come every sixth seed; they have the fsyncs that fail.
            var schedule = Schedule(seed: seed, profile: .sickDisk)
            schedule.lies = [lie]
            if try !Simulation(schedule, profile: .sickDisk).play().isFine { return schedule }
        }
        return nil
    }
}
