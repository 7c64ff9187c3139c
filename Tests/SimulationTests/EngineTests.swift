import ModelFetch
import Testing

@testable import Simulation

/// The whole engine against single sources that are hard to get along with, on a simulated clock.
@Suite(.timeLimit(.minutes(5))) struct `The engine` {
    /// One file, fetched once over up to 16 connections.
    private func schedule(_ size: Int, _ sources: [SourcePlan], retries: Int = 2) -> Schedule {
        var schedule = Schedule(
            seed: 1, files: [.init(path: "w", size: size)], hasMarker: false, sources: sources, fileSystem: .posix,
            hasLocks: true, isDurable: false, concurrentFiles: 4, retries: retries, spareBytes: 1 << 30,
            runs: [.init()])
        schedule.connections = 16
        schedule.leases = .init(least: 65_536, most: 1 << 20, leastStolen: 65_536, window: 1 << 30)
        return schedule
    }

    private func source(rank: Int = 0, rate: Int = 1000, _ habits: Traffic.Habit...) -> SourcePlan {
        var plan = SourcePlan(rank: rank, tag: .strong, faults: [], chunk: 16_384)
        plan.traffic.rate = rate
        plan.traffic.habits = habits
        return plan
    }

    /// The report of the run; it breaks no promise.
    private func play(_ schedule: Schedule) throws -> DownloadReport {
        let verdict = try Simulation(schedule).play()
        #expect(verdict.isFine, "\(verdict.violations)")
        return try #require(verdict.reports.first)
    }

    private func received(_ report: DownloadReport, from source: Int) -> Int64 {
        report.sources.first { $0.source == SimulatedNetwork.url(of: source) }?.bytesDownloaded ?? 0
    }

    // MARK: Next to nothing

    /// A byte from each connection is no progress, however many there are.
    @Test(arguments: [1, 16], [43_000, 5_000_000])
    func `gives up a source that sends a byte and falls silent, again and again`(connections: Int, size: Int) throws {
        var schedule = schedule(size, [source(.init(every: 1, fault: .stall(after: 1)))])
        schedule.leases?.least = 8000
        schedule.connections = connections
        let report = try play(schedule)
        #expect(report.kind == .unavailable)
        #expect(report.seconds < 600, "\(report.seconds)")
    }

    @Test(arguments: [0, 1])
    func `turns to another source within seconds, whatever its rank`(rank: Int) throws {
        let silent = source(.init(every: 1, fault: .stall(after: 1)))
        let report = try play(schedule(5_000_000, [silent, source(rank: rank)], retries: 8))
        #expect(report.isOK)
        #expect(report.seconds < 60, "\(report.seconds)")
    }

    // MARK: The whole instead of a range

    /// From some response on it sends the whole file, whatever is asked for.
    @Test(arguments: [1, 3, 6, 12], [NetworkFault.ignoresRange, .rangeNotSatisfiable])
    func `takes whole files one after another from a source that has stopped serving ranges`(
        after: Int, fault: NetworkFault
    ) throws {
        let report = try play(schedule(6_000_000, [source(.init(every: 1, fault: fault, after: after))]))
        #expect(report.isOK)
        // What had come, two whole files, and the beginnings of those that were ended; not one for each connection.
        #expect(report.bytesDownloaded <= 18_000_000, "\(report.bytesDownloaded)")
    }

    @Test func `fetches beside a source of whole files what that will not bring soon, once`() throws {
        let whole = source(rate: 200, .init(every: 1, fault: .ignoresRange))
        let report = try play(schedule(6_000_000, [whole, source(rate: 1000)]))
        #expect(report.isOK)
        #expect(report.bytesDuplicated <= 1_200_000, "\(report.bytesDuplicated)")
        #expect(received(report, from: 1) >= 3_000_000)
    }
}
