internal import Transfer

/// Thrown if no source of a run can be reached. It ends the run with one failure for each host, rather than for each file.
struct NothingReachable: Error {
    let hosts: [Failure]

    init(_ failures: [(origin: HTTPURL.Origin, error: TransferError)]) {
        hosts = failures.map { origin, error in
            Failure(
                .unavailable, source: origin.description,
                "\(Self.words(for: origin, error)); whatever was received earlier is kept", brief: error.brief,
                remedy: error.remedy.map { Remedy($0) } ?? (error.code == .notTLS ? .checkAddress : .waitForNetwork))
        }
    }

    /// What happened, in words that do not repeat the address.
    static func words(for origin: HTTPURL.Origin, _ error: TransferError) -> String {
        let host = origin.description.split(separator: "/").last.map(String.init) ?? origin.host
        let reason = error.detail.isEmpty ? "" : ": " + error.detail
        return switch error.code {
        case .nameNotResolved where error.remedy == .checkProxy:
            "could not connect to \(host): the name of the proxy could not be resolved"
        case .nameNotResolved: "the host name \(origin.host) could not be resolved"
        case .connectTimeout: "could not connect to \(host) in time"
        case .tlsFailed: "could not connect to \(host): the TLS handshake failed" + reason
        case .notTLS: "\(host) does not speak TLS (is it http:// instead of https://?)"
        default: "could not connect to \(host)" + reason
        }
    }
}
