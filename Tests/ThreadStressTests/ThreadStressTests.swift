import Testing
import ThreadStress

/// What several threads share, on real threads. `./test` plays it for longer, and under ThreadSanitizer.
@Suite(.timeLimit(.minutes(10))) struct `On real threads` {
    @Test(arguments: 0..<8 as Range<UInt64>)
    func `a partial file with many concurrent writers, voids and checks ends with the right bytes`(seed: UInt64)
        async throws
    {
        let violations = try await PartialFileStress(seed: seed).play()
        #expect(violations.isEmpty, "\(violations)")
    }

    @Test(arguments: 0..<2 as Range<UInt64>)
    func `many concurrent transfers that are read, dropped, halted and cancelled deliver the right bytes`(seed: UInt64)
        async throws
    {
        let violations = try await TransportStress(seed: seed).play()
        #expect(violations.isEmpty, "\(violations)")
    }

    @Test func `whole runs with steals, hedges, cuts and failures end with the right files`() async throws {
        var total = EngineStress.Outcome()
        for seed in 0..<12 as Range<UInt64> {
            let outcome = try await EngineStress(seed: seed).play()
            #expect(outcome.violations.isEmpty, "seed \(seed): \(outcome.violations)")
            total.hedges += outcome.hedges
            total.cancelled += outcome.cancelled
            total.resolutions += outcome.resolutions
            total.peak = max(total.peak, outcome.peak)
        }
        // It is about what many connections do to each other.
        #expect(total.hedges > 0 && total.cancelled > 0 && total.resolutions > 0 && total.peak > 4, "\(total)")
    }
}
