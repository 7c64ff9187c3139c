internal import Transfer

/// Thrown if no source of a run can be reached. It ends the run with one failure for each host, rather than for each file.
struct NothingReachable: Error {
    let hosts: [Failure]

    init(_ failures: [(origin: HTTPURL.Origin, error: TransferError)]) {
        hosts = failures.map { origin, error in
            let advice =
                error.code == .notTLS
                ? "check the address"
                : "check your network and the address, or add --wait-for-network to keep trying"
            return Failure(
                .unavailable, source: origin.description,
                "\(Self.words(for: origin, error)); \(advice). Whatever was received earlier is kept.",
                brief: error.brief)
        }
    }

    /// What happened, in words that do not repeat the address.
    static func words(for origin: HTTPURL.Origin, _ error: TransferError) -> String {
        let host = origin.description.split(separator: "/").last.map(String.init) ?? origin.host
        let reason = error.detail.isEmpty ? "" : ": " + error.detail
        return switch error.code {
        case .nameNotResolved where error.detail.contains("proxy"):
            "could not connect to \(host): the name of the proxy could not be resolved (see --proxy and $http_proxy)"
        case .nameNotResolved: "the host name \(origin.host) could not be resolved"
        case .connectTimeout: "could not connect to \(host) in time"
        case .tlsFailed: "could not connect to \(host): the TLS handshake failed" + reason
        case .notTLS: "\(host) does not speak TLS (is it http:// instead of https://?)"
        default: "could not connect to \(host)" + reason
        }
    }
}
