import ArgumentParser
import Foundation
import SeededRandom
import Simulation

/// Runs the download core with schedules of faults: many of them, or a single one again.
@main struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Play seeded schedules of faults against the download core, on a simulated network, disk and clock.",
        discussion: """
            simulate --from 0 --count 200000     a soak
            simulate --seed 4711 --verbose       one schedule again, call by call
            simulate --schedule FILE             a schedule that was written down
            """)

    @Option(help: "The only seed to run.") var seed: UInt64?
    @Option(help: "A file with one schedule as JSON.") var schedule: String?
    @Option(help: "The kind of schedule; all kinds in turn if not given.") var profile: Profile?
    @Option(help: "The first seed.") var from: UInt64 = 0
    @Option(help: "The number of seeds.") var count: UInt64 = 10_000
    @Option(help: "The number of threads.") var threads = ProcessInfo.processInfo.activeProcessorCount
    @Option(help: "The number of failing seeds after which to stop.") var failures = 5
    @Option(help: "A hidden fault to plant in every disk.") var lie: DiskLie?
    @Flag(help: "Run several writers on one partial file instead of whole runs.") var writers = false
    @Flag(help: "Print every call and request of a single schedule.") var verbose = false
    @Flag(help: "Do not reduce failing schedules.") var noShrink = false

    func run() throws {
        // Dictionaries that are walked in another order each time would make a seed irreproducible.
        if getenv("SWIFT_DETERMINISTIC_HASHING") == nil {
            setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
            let arguments = CommandLine.arguments.map { strdup($0) } + [nil]
            execv("/proc/self/exe", arguments)
        }
        if writers { return try playWriters() }
        if let schedule {
            let text = try String(contentsOfFile: schedule, encoding: .utf8)
            return try playOne(Schedule(from: text), "--schedule \(schedule)")
        }
        if let seed { return try playOne(made(seed), "--seed \(seed)") }
        try playMany()
    }

    private func made(_ seed: UInt64) -> Schedule {
        var schedule = profile.map { Schedule(seed: seed, profile: $0) } ?? Schedule(seed: seed)
        if let lie { schedule.lies = [lie] }
        return schedule
    }

    private func claims(_ seed: UInt64) -> Profile { profile ?? Profile(of: seed) }

    private func playOne(_ schedule: Schedule, _ name: String) throws {
        let profile = seed.map { claims($0) } ?? profile
        let verdict = try Simulation(schedule, profile: profile, log: verbose ? { print($0) } : nil).play()
        print(
            "\(name): \(verdict.runs) runs, \(verdict.kills) kills, \(verdict.cuts) power cuts, "
                + "\(verdict.requests) requests, trace \(String(verdict.trace, radix: 16))")
        guard !verdict.isFine else { return print("nothing is wrong") }
        for violation in verdict.violations { print("VIOLATION \(violation)") }
        throw ExitCode.failure
    }

    private func playWriters() throws {
        let lies = Set(lie.map { [$0] } ?? [])
        let seeds = seed.map { $0..<$0 + 1 } ?? from..<from + count
        let total = soak(seeds) { WriterSimulation(seed: $0, lies: lies).play() }
        for (seed, violations) in total.failures.sorted(by: { $0.key < $1.key }) {
            print("VIOLATION seed \(seed): \(violations[0])")
            print("  again: swift run -c release simulate --writers --seed \(seed)")
        }
        if !total.failures.isEmpty { throw ExitCode.failure }
    }

    private func soak(_ seeds: Range<UInt64>, _ play: @escaping @Sendable (UInt64) -> Simulation.Verdict) -> Soak.Total
    {
        let began = Date()
        let total = Soak(seeds: seeds, threads: threads, failures: failures, play: play).run()
        print(
            "\(total.schedules) schedules, seeds \(seeds): \(total.runs) runs, \(total.kills) kills, "
                + "\(total.cuts) power cuts, \(total.requests) requests, \(total.connections) connections at once, in \(Int(Date().timeIntervalSince(began))) s; "
                + "\(total.failures.count) with violations")
        if !writers { print("  \(total.events)") }
        return total
    }

    private func playMany() throws {
        let total = soak(from..<from + count) { seed in
            // It throws for a manifest that breaks a rule, which would be a mistake of the schedule's: no seed to be counted.
            try! Simulation(made(seed), profile: claims(seed)).play()
        }
        for (seed, violations) in total.failures.sorted(by: { $0.key < $1.key }) {
            report(seed, violations)
        }
        if !total.failures.isEmpty { throw ExitCode.failure }
    }

    private func report(_ seed: UInt64, _ violations: [String]) {
        print("VIOLATION seed \(seed) (\(claims(seed))): \(violations[0])")
        let lieOption = lie.map { " --lie \($0.rawValue)" } ?? ""
        let profileOption = profile.map { " --profile \($0.rawValue)" } ?? ""
        print("  again: swift run -c release simulate --seed \(seed)\(profileOption)\(lieOption) --verbose")
        guard !noShrink else { return }
        let small = made(seed).shrunk { schedule in
            (try? Simulation(schedule, profile: claims(seed)).play().isFine) == false
        }
        print("  shrunk to \(small.events) events: \(small.text)")
    }
}

extension Profile: ExpressibleByArgument {}
extension DiskLie: ExpressibleByArgument {}
