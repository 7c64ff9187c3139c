/// How a ``CurlTransport`` connects and how fast it may be.
package struct TransportConfiguration: Sendable {
    /// The `User-Agent` field: `modelfetch/VERSION`.
    package var userAgent: String
    /// For name resolution, TCP and TLS together.
    package var connectTimeout: Duration = .seconds(15)
    /// A transfer that brings less than ``stallFloor`` for this long has stalled; whole seconds, at least one. Time in
    /// which we hold the transfer back ourselves does not count.
    package var stallTimeout: Duration = .seconds(30)
    /// Bytes a second. Sinks with ``rateLimit``.
    package var stallFloor: Int64 = 1024
    /// Bytes a second, for all transfers together.
    package var rateLimit: Int64?
    /// `nil` leaves it to the usual environment variables, which libcurl reads; empty means none.
    package var proxy: String?
    /// Whether https servers are offered HTTP/2 besides HTTP/1.1; which of them it is, they choose (RFC 7301).
    package var offersHTTP2 = false
    /// PEM files to trust. If either is set, the system's store is not used.
    package var certificateFile: String?
    /// A directory of certificates, hashed as `openssl rehash` does.
    package var certificateDirectory: String?

    /// - Parameter version: of modelfetch.
    package init(version: String) { userAgent = "modelfetch/" + version }

    /// The floor that goes to libcurl: with a limit shared by many transfers, a fair share of one must lie above it.
    var effectiveStallFloor: Int64 {
        min(stallFloor, rateLimit.map { max($0 / 32, 1) } ?? stallFloor)
    }

    /// libcurl's receive buffer. 512 KiB is the fastest; a limited transfer must not take a second's worth at a time.
    var receiveBufferSize: Int {
        guard let rateLimit else { return 512 << 10 }
        return Int(min(max(rateLimit / 8, 16 << 10), 512 << 10))
    }
}

// A proxy's address may hold a password.
extension TransportConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "transport configuration of \(userAgent)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
