/// What a server has done so far, as numbers.
package struct ServerStatistics: Sendable, Hashable, Codable {
    package var requests: Int
    /// The accepted connections.
    package var connections: Int
    /// The requests that ``Fault/limit(transfers:status:retryAfter:reset:)`` refused.
    package var refusals: Int
    /// The body bytes of all responses that the kernel has accepted.
    package var bodyBytesSent: Int64
    /// The most transfers that were in progress at the same time.
    package var peakTransfers: Int
    /// The transfers in progress at the end of each whole second since the first one began.
    package var transfersAtEndOfSecond: [Int]
    /// The highest number of transfers in each of these seconds.
    package var mostTransfersInSecond: [Int]
}
