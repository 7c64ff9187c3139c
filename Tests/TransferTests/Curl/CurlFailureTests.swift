import Testing

@testable import Transfer

@Suite struct `A failure of libcurl` {
    @Test(arguments: [
        (CurlFailure(code: 6), TransferError.Code.nameNotResolved), (CurlFailure(code: 7), .connectionFailed),
        (CurlFailure(code: 28), .connectTimeout), (CurlFailure(code: 28, isConnected: true), .stalled),
        (CurlFailure(code: 35), .tlsFailed), (CurlFailure(code: 18), .short), (CurlFailure(code: 52), .connectionLost),
        (CurlFailure(code: 56), .connectionLost), (CurlFailure(code: 92), .connectionLost),
        (CurlFailure(code: 60, verifyResult: 10), .certificate), (CurlFailure(code: 77), .configuration),
        (CurlFailure(code: 56, connectStatus: 407), .proxyRefused),
        (CurlFailure(code: 56, connectStatus: 502), .serverBusy),
        (CurlFailure(code: 56, connectStatus: 200), .connectionLost), (CurlFailure(code: 9999), .connectionLost),
        (CurlFailure(code: 1), .malformed),
    ])
    func `each result of libcurl has its error code`(failure: CurlFailure, code: TransferError.Code) {
        #expect(failure.error.code == code)
    }

    @Test(
        arguments: [
            (10, "SSL certificate problem", "expired", .checkClock), (9, "", "not valid yet", .checkClock),
            (20, "", "authority that is not trusted", .trustAuthority),
            (18, "", "authority that is not trusted", .trustAuthority), (62, "", "another host", nil),
            (1, "SSL: no alternative certificate subject name matches target host name 'h'", "another host", nil),
        ] as [(Int, String, String, TransferRemedy?)])
    func `the error of a certificate says what is wrong with it, and what may help`(
        result: Int, text: String, expected: String, remedy: TransferRemedy?
    ) {
        let error = CurlFailure(code: 60, text: text, verifyResult: result).error
        #expect("\(error)".contains(expected) && error.remedy == remedy)
    }

    @Test func `the error does not quote the address of a proxy`() {
        let text = "Unsupported proxy syntax in 'http://u:hunter2@'"
        #expect(!"\(CurlFailure(code: 5, text: text).error)".contains("hunter2"))
    }
}
