extension TransferError {
    /// What the caller should do next.
    package enum Disposition: Hashable, Sendable {
        /// It may pass: wait and ask again.
        case retry
        /// This source will not give us the file; another one may.
        case nextSource
        /// This source answered something wrong or unsafe.
        case refuse
        /// A web page came instead of the file: a portal may go away, so wait and ask again; when the attempts are
        /// spent it counts as ``refuse``.
        case page
        /// We were told to stop.
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
    /// Whether no way led to a server of the kind that was asked for: it may be the network, or the address.
    package var isUnreachable: Bool {
        switch code {
        case .nameNotResolved, .connectionFailed, .connectTimeout, .tlsFailed, .notTLS: true
        default: false
        }
    }

    /// Whether it came about here, and says nothing about any server.
    package var isOurs: Bool {
        switch code {
        case .localFailure, .invalidURL, .invalidRequest, .configuration, .cancelled: true
        default: false
        }
    }
}
