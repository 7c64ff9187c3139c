import FaultServer
import Storage
import Testing

@testable import ModelFetch

@Suite struct `A directory of many files` {
    /// Nothing is asked for: everything is there.
    private static let nobody = ["http://127.0.0.1:1/"]

    private static func model(_ count: Int) -> TestModel {
        TestModel(files: (0..<count).map { .init("part-\($0)", [UInt8(truncatingIfNeeded: $0)]) })
    }

    /// Of a second run, when there is nothing to do.
    private func idleRun(_ count: Int) async throws -> (outcome: Harness.Outcome, calls: Int) {
        let harness = try Harness(Self.model(count), inMemory: true)
        try harness.folder.put(harness.model)
        let first = try await harness.run(from: Self.nobody)
        #expect(first.report.isOK)
        let disk = TestDisk()
        let outcome = try await harness.run(from: Self.nobody, setup: .init { $0.disk = disk })
        #expect(outcome.report.files.allSatisfy { $0.state == .skipped })
        return (outcome, disk.callCount)
    }

    @Test(.timeLimit(.minutes(10)))
    func `is looked at once a file when there is nothing to do`() async throws {
        let (few, many) = (try await idleRun(50), try await idleRun(400))
        let perFile = Double(many.calls - few.calls) / 350
        #expect(perFile <= 2, "\(few.calls) calls for 50 files, \(many.calls) for 400")
        for run in [few, many] {
            #expect(!run.outcome.events.contains { if case .phase = $0 { true } else { false } })
        }
    }

    // What takes time in proportion to the square of the files takes a quarter of an hour here, and what does not, seconds.
    @Test(.timeLimit(.minutes(10)))
    func `is done with in good time, however many they are`() async throws { _ = try await idleRun(12_000) }
}
