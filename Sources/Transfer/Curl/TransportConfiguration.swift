/// How a ``CurlTransport`` connects, and how fast it may receive.
package struct TransportConfiguration: Sendable {
    /// The `User-Agent` field: `modelfetch/VERSION`.
    package var userAgent: String
    /// The limit for name resolution, TCP and TLS together.
    package var connectTimeout: Duration = .seconds(15)
    /// A transfer that stays below ``stallFloor`` for this long has stalled; whole seconds, at least one. Time during
    /// which the transfer is paused on this side does not count.
    package var stallTimeout: Duration = .seconds(30)
    /// In bytes per second. A low ``rateLimit`` lowers it (``effectiveStallFloor``).
    package var stallFloor: Int64 = 1024
    /// In bytes per second, for all transfers together.
    package var rateLimit: Int64?
    /// The processors of the machine: the most threads on which transfers are received, up to 4.
    package var processors = 1
    /// `nil` leaves the choice to the usual environment variables, which libcurl reads; empty means no proxy.
    package var proxy: String?
    /// Whether to offer HTTP/2 besides HTTP/1.1 to https servers, which then choose (RFC 7301).
    package var offersHTTP2 = false
    /// A PEM file of certificates to trust. If this or ``certificateDirectory`` is set, the system's store is not used.
    package var certificateFile: String?
    /// A directory of certificates to trust, prepared with `openssl rehash`.
    package var certificateDirectory: String?

    /// - Parameter version: the version of modelfetch.
    package init(version: String) { userAgent = "modelfetch/" + version }

    /// The most loops. The rate limit is kept by one loop, which suffices: its use is to go slowly.
    var maximumLoops: Int { rateLimit == nil ? min(max(processors, 1), 4) : 1 }

    /// The floor that is given to libcurl: below a single transfer's share when many transfers share the rate limit.
    var effectiveStallFloor: Int64 {
        min(stallFloor, rateLimit.map { max($0 / 32, 1) } ?? stallFloor)
    }

    /// The size of libcurl's receive buffer. 512 KiB is the fastest; with a rate limit, one read must stay well below
    /// what is allowed in a second.
    var receiveBufferSize: Int {
        guard let rateLimit else { return 512 << 10 }
        return Int(min(max(rateLimit / 8, 16 << 10), 512 << 10))
    }
}

// The address of a proxy may hold a password.
extension TransportConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "transport configuration of \(userAgent)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
