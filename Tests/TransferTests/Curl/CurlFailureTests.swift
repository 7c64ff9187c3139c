import CCurl
import Testing

@testable import Transfer

@Suite struct `A failure of libcurl` {
    @Test(arguments: [
        (CurlFailure(code: CURLE_COULDNT_RESOLVE_HOST), TransferError.Code.nameNotResolved),
        (CurlFailure(code: CURLE_COULDNT_RESOLVE_PROXY), .nameNotResolved),
        (CurlFailure(code: CURLE_COULDNT_CONNECT), .connectionFailed),
        (CurlFailure(code: CURLE_OPERATION_TIMEDOUT), .connectTimeout),
        (CurlFailure(code: CURLE_OPERATION_TIMEDOUT, isConnected: true), .stalled),
        (CurlFailure(code: CURLE_SSL_CONNECT_ERROR), .tlsFailed),
        (CurlFailure(code: CURLE_SSL_CONNECT_ERROR, text: "wrong version number"), .notTLS),
        (CurlFailure(code: CURLE_PARTIAL_FILE), .short),
        (CurlFailure(code: CURLE_GOT_NOTHING), .connectionLost),
        (CurlFailure(code: CURLE_RECV_ERROR), .connectionLost),
        (CurlFailure(code: CURLE_HTTP2_STREAM), .connectionLost),
        (CurlFailure(code: CURLcode(9999)), .connectionLost),
        (CurlFailure(code: CURLE_PEER_FAILED_VERIFICATION, verifyResult: 10), .certificate),
        (CurlFailure(code: CURLE_SSL_CACERT_BADFILE), .configuration),
        (CurlFailure(code: CURLE_RECV_ERROR, connectStatus: 407), .proxyRefused),
        (CurlFailure(code: CURLE_RECV_ERROR, connectStatus: 502), .serverBusy),
        (CurlFailure(code: CURLE_RECV_ERROR, connectStatus: 200), .connectionLost),
        (CurlFailure(code: CURLE_UNSUPPORTED_PROTOCOL), .malformed),
        (CurlFailure(code: CURLE_OUT_OF_MEMORY), .localFailure),
        (CurlFailure(code: CURLE_OUT_OF_MEMORY, isConnected: true), .malformed),
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
        let error = CurlFailure(code: CURLE_PEER_FAILED_VERIFICATION, text: text, verifyResult: result).error
        #expect("\(error)".contains(expected) && error.remedy == remedy)
    }

    @Test(arguments: 1...100 as ClosedRange<UInt32>)
    func `no error of libcurl names an option of a command`(code: UInt32) {
        for result in [0, 2, 9, 10, 20, 62] {
            for text in ["", "wrong version number", "no application protocol", "host name"] {
                let error = CurlFailure(code: CURLcode(code), text: text, verifyResult: result).error
                #expect(!error.description.contains("--") && !error.brief.contains("--"), "\(error)")
            }
        }
    }

    @Test func `the error does not quote the address of a proxy`() {
        let text = "Unsupported proxy syntax in 'http://u:hunter2@'"
        #expect(!"\(CurlFailure(code: CURLE_COULDNT_RESOLVE_PROXY, text: text).error)".contains("hunter2"))
    }
}
