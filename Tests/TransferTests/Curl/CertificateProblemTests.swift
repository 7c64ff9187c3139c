import Testing

@testable import Transfer

@Suite struct `The problem of a certificate` {
    private static let mismatch = "SSL: no alternative certificate subject name matches target host name 'h'"

    @Test(
        arguments: [
            (9, "", .notYetValid), (10, "", .expired), (2, "", .unknownAuthority), (18, "", .unknownAuthority),
            (19, "", .unknownAuthority), (20, "", .unknownAuthority), (21, "", .unknownAuthority),
            (62, "", .otherHost), (64, "", .otherHost), (0, mismatch, .otherHost), (1, mismatch, .otherHost),
            (0, "", .unknown), (23, "certificate revoked", .unknown),
            // OpenSSL's result takes precedence over the text.
            (10, mismatch, .expired),
        ] as [(Int, String, CertificateProblem)])
    func `a certificate's problem is read from OpenSSL's result or libcurl's text`(
        result: Int, text: String, problem: CertificateProblem
    ) {
        #expect(CertificateProblem(verifyResult: result, text: text) == problem)
    }
}
