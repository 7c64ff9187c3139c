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
}
