import Testing
import Transfer

@testable import ModelFetch

@Suite struct `The failure of a file without a source left` {
    struct Case: Sendable {
        var verdicts: [SourceVerdict]
        var kind: Failure.Kind
        var remedy: Remedy
    }

    private static let short = TransferError(.short)
    private static let unreached = TransferError(.connectionFailed)
    private static let notFound = TransferError(.notFound, status: 404)
    private static let denied = TransferError(.denied, status: 403)
    private static let wrong = TransferError(.wrongLength)
    private static let distrusted = TransferError(.certificate, remedy: .trustAuthority)

    @Test(arguments: [
        Case(verdicts: [], kind: .unavailable, remedy: .checkAddress),
        Case(verdicts: [.spent(short)], kind: .unavailable, remedy: .runAgain),
        Case(verdicts: [.spent(unreached)], kind: .unavailable, remedy: .checkNetwork),
        Case(verdicts: [.spent(unreached), .unreachable(unreached)], kind: .unavailable, remedy: .checkNetwork),
        Case(verdicts: [.spent(unreached), .spent(short)], kind: .unavailable, remedy: .runAgain),
        Case(verdicts: [.withheld(notFound)], kind: .unavailable, remedy: .checkAddress),
        Case(verdicts: [.withheld(denied)], kind: .unavailable, remedy: .giveCredentials),
        Case(verdicts: [.spent(short), .withheld(denied)], kind: .unavailable, remedy: .giveCredentials),
        Case(verdicts: [.refused(wrong)], kind: .refused, remedy: .checkForLoginPage),
        Case(verdicts: [.refused(distrusted)], kind: .refused, remedy: .trustAuthority),
        Case(verdicts: [.refused(wrong), .withheld(notFound)], kind: .unavailable, remedy: .checkAddress),
        Case(verdicts: [.refused(wrong), .spent(short)], kind: .unavailable, remedy: .runAgain),
        Case(verdicts: [.contradicted], kind: .data, remedy: .addSource),
        Case(verdicts: [.contradicted, .withheld(denied)], kind: .data, remedy: .addSource),
        // A source that failed for now may have the right file.
        Case(verdicts: [.contradicted, .spent(short)], kind: .unavailable, remedy: .runAgain),
    ])
    func `has a kind and a remedy that follow from every source`(_ example: Case) {
        let outcome = SourceOutcome(verdicts: example.verdicts)
        #expect(outcome.kind == example.kind)
        #expect(outcome.remedy == example.remedy)
    }

    @Test(
        arguments: [
            (.spent(short), 1, "gave up after 1 attempt: "),
            (.spent(short), 9, "gave up after 9 attempts without progress: "),
            (.contradicted, 9, "http://h/ has a file with another digest"),
        ] as [(SourceVerdict, Int, String)])
    func `says why each source was given up`(verdict: SourceVerdict, attempts: Int, words: String) {
        #expect(verdict.reason("http://h/", attempts: attempts).hasPrefix(words))
    }
}
