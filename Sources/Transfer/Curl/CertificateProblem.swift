/// Why a server's certificate was rejected, as far as it makes a difference for the user.
enum CertificateProblem {
    case notYetValid, expired, unknownAuthority, otherHost, unknown

    /// - Parameters:
    ///   - verifyResult: OpenSSL's result (X509_STORE_CTX_get_error(3)), 0 if there is none.
    ///   - text: libcurl's message.
    init(verifyResult: Int, text: String) {
        self =
            switch verifyResult {
            case X509.notYetValid: .notYetValid
            case X509.hasExpired: .expired
            case X509.unableToGetIssuer, X509.selfSigned, X509.selfSignedInChain, X509.unableToGetIssuerLocally,
                X509.unableToVerifyLeaf:
                .unknownAuthority
            case X509.hostMismatch, X509.addressMismatch: .otherHost
            // libcurl compares the names itself, and then there is no result of OpenSSL.
            case _ where text.contains("host name") || text.contains("subject name"): .otherHost
            default: .unknown
            }
    }

    /// Says which problem it is, in front of libcurl's message.
    var prefix: String {
        switch self {
        case .notYetValid: "not valid yet: "
        case .expired: "expired: "
        case .unknownAuthority: "issued by an authority that is not trusted here: "
        case .otherHost: "issued for another host: "
        case .unknown: ""
        }
    }

    var remedy: TransferRemedy? {
        switch self {
        case .notYetValid, .expired: .checkClock
        case .unknownAuthority: .trustAuthority
        case .otherHost, .unknown: nil
        }
    }
}

/// OpenSSL's `X509_V_ERR_…` (X509_STORE_CTX_get_error(3)); libcurl's headers do not include OpenSSL's.
private enum X509 {
    /// `X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT`
    static let unableToGetIssuer = 2
    /// `X509_V_ERR_CERT_NOT_YET_VALID`
    static let notYetValid = 9
    /// `X509_V_ERR_CERT_HAS_EXPIRED`
    static let hasExpired = 10
    /// `X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT`
    static let selfSigned = 18
    /// `X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN`
    static let selfSignedInChain = 19
    /// `X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY`
    static let unableToGetIssuerLocally = 20
    /// `X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE`
    static let unableToVerifyLeaf = 21
    /// `X509_V_ERR_HOSTNAME_MISMATCH`
    static let hostMismatch = 62
    /// `X509_V_ERR_IP_ADDRESS_MISMATCH`
    static let addressMismatch = 64
}
