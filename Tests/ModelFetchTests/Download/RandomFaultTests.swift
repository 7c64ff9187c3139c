import FaultServer
import Testing

@testable import ModelFetch

@Suite(.timeLimit(.minutes(10))) struct `A download among random faults` {
    /// Whoever wants to go through more of them changes this range for a while.
    @Test(arguments: UInt64(0)..<24)
    func `ends right, whatever came`(seed: UInt64) async throws {
        let harness = try Harness(.checkpoint)
        let script = FaultScript.random(seed: seed)
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            // Each run ends with a true report (the harness sees to that); some end early, and the next goes on.
            for attempt in 0..<8 {
                let outcome = try await harness.run(server)
                if outcome.report.isOK { break }
                #expect(outcome.report.kind != .cannotWrite)
                #expect(attempt < 7, "\(outcome.report.failures)")
            }
            for file in harness.model.files { #expect(harness.folder.digest(file.path) == file.digest) }
        }
    }
}
