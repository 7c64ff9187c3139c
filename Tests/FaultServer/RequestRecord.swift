/// A request and how it was answered.
package struct RequestRecord: Sendable, Hashable, Codable {
    package struct Header: Sendable, Hashable, Codable {
        package var name: String
        package var value: String
    }

    /// How a response ended.
    package enum Ending: String, Sendable, Hashable, Codable {
        /// It has not ended.
        case open
        /// The server sent everything, and the kernel accepted it.
        case complete
        /// The server closed early, as scripted.
        case dropped
        /// The server reset the connection, as scripted.
        case reset
        /// The client closed or reset the connection first.
        case clientClosed
        /// The server was stopped.
        case serverStopped
        /// A file on disk could not be read, or was truncated while it was served.
        case failed
    }

    /// The number of the request among all requests, from 0.
    package var order: Int
    /// The number of the connection, from 0.
    package var connection: Int
    package var method: String
    /// The request target as it was sent.
    package var target: String
    /// The decoded path without its leading slash.
    package var path: String
    package var headers: [Header]
    /// The faults that the script applied to this request.
    package var faults: [Fault]
    /// The status in the head of the response; `nil` if no complete head was sent.
    package var status: Int?
    /// The body bytes that the kernel has accepted.
    package var bodyBytesSent: Int64 = 0
    /// Whether the response has reached a scripted stall or gate, where it may still wait.
    package var stalled = false
    package var ending = Ending.open
    /// The congestion control of the connection according to the kernel, if a fault has set one.
    package var congestionControl: String?

    /// The first header field of this name, ignoring case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
