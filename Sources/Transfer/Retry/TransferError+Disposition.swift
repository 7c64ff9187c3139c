extension TransferError {
    /// What the caller should do next.
    package enum Disposition: Hashable, Sendable {
        /// The failure may be temporary: wait and try again.
        case retry
        /// This source does not provide the file; another one may.
        case nextSource
        /// This source sent something wrong or unsafe.
        case refuse
        /// A web page came instead of the file. A captive portal may go away, so try again; when the attempts are used
        /// up, this counts as ``refuse``.
        case page
        /// The transfer was cancelled.
        case cancelled
    }

    package var disposition: Disposition {
        switch code {
        case .nameNotResolved, .connectionFailed, .connectTimeout, .tlsFailed, .connectionLost, .short, .stalled,
            .serverBusy, .rangeNotSatisfiable, .localFailure:
            .retry
        case .denied, .notFound, .clientError, .proxyRefused, .notTLS, .unprovable: .nextSource
        case .certificate, .redirectRefused, .wrongRange, .wrongLength, .contentEncoding, .overlong, .malformed,
            .unexpectedStatus, .invalidURL, .invalidRequest, .configuration:
            .refuse
        case .page: .page
        case .cancelled: .cancelled
        }
    }
}

extension TransferError {
    /// Whether the server could not be reached at all, or does not speak TLS: the network or the URL may be wrong.
    package var isUnreachable: Bool {
        switch code {
        case .nameNotResolved, .connectionFailed, .connectTimeout, .tlsFailed, .notTLS: true
        default: false
        }
    }

    /// Whether the cause is on this machine, so that the failure says nothing about the server.
    package var isOurs: Bool {
        switch code {
        case .localFailure, .invalidURL, .invalidRequest, .configuration, .cancelled: true
        default: false
        }
    }
}
