/// What may help against a failed transfer, where its cause tells that.
package enum TransferRemedy: Hashable, Sendable, CaseIterable {
    /// The name of the proxy could not be resolved.
    case checkProxy
    /// The server may speak only HTTP/2, which was not offered.
    case offerHTTP2
    /// The certificate was issued by an authority that is not trusted here.
    case trustAuthority
    /// The certificate is expired or not valid yet: the clock of this machine may be wrong.
    case checkClock
}
