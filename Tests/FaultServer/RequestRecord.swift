/// What one request asked for and what became of it.
package struct RequestRecord: Sendable, Hashable, Codable {
    package struct Header: Sendable, Hashable, Codable {
        package var name: String
        package var value: String
    }

    /// How a reply ended.
    package enum Ending: String, Sendable, Hashable, Codable {
        /// Not yet.
        case open
        /// The server sent everything it meant to, and the kernel took it.
        case complete
        /// The server closed early, as scripted.
        case dropped
        /// The server reset the connection, as scripted.
        case reset
        /// The client closed or reset the connection first.
        case clientClosed
        /// The server was stopped.
        case serverStopped
        /// A file on the disk could not be read, or shrank while it was served.
        case failed
    }

    /// The request's ordinal among all requests, from 0.
    package var order: Int
    /// The connection's ordinal, from 0.
    package var connection: Int
    package var method: String
    /// The request target as it was sent.
    package var target: String
    /// The decoded path without its first slash.
    package var path: String
    package var headers: [Header]
    /// What the script made this request suffer.
    package var faults: [Fault]
    /// The status in the reply's head; `nil` if the reply has none.
    package var status: Int?
    /// Body bytes that the kernel has accepted.
    package var bodyBytesSent: Int64 = 0
    /// Whether the reply came to a scripted stall or gate (and perhaps still hangs there).
    package var stalled = false
    package var ending = Ending.open
    /// The connection's congestion control, if a fault chose one: what the kernel says it is.
    package var congestionControl: String?

    /// The first header field of this name, whatever its case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
