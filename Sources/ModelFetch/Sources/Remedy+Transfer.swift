internal import Transfer

extension Remedy {
    /// What may help against a failed transfer.
    init(_ remedy: TransferRemedy) {
        self =
            switch remedy {
            case .checkProxy: .checkProxy
            case .offerHTTP2: .offerHTTP2
            case .trustAuthority: .trustAuthority
            case .checkClock: .checkClock
            }
    }
}
