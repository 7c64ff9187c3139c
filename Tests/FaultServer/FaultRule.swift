/// Faults and the requests that they apply to. A request matches if it meets all conditions that the rule has.
package struct FaultRule: Sendable, Hashable {
    /// What ``requests`` counts, starting from 0.
    package enum Counting: String, Sendable, Hashable, Codable {
        /// Requests for the same path.
        case path
        /// All requests to the server.
        case server
        /// Requests that meet the other conditions of this rule.
        case rule
        /// Connections to the server: all requests on a connection have its number.
        case connection
    }

    /// A glob for the decoded path without its leading slash: `*` matches any text, including slashes; `?` matches one
    /// byte.
    package var path: String
    package var method: String?
    /// The numbers of requests, as counted by ``counting``.
    package var requests: ClosedRange<Int>?
    package var counting: Counting
    /// Of the requests, as counted by ``counting``, the rule applies only to the last of each `every`.
    package var every: Int?
    /// The offsets at which the requested range may begin (0 without a range).
    package var offsets: Range<Int64>?
    /// How many times the rule applies at most.
    package var times: Int?
    package var faults: [Fault]

    package init(
        path: String = "*", method: String? = nil, requests: ClosedRange<Int>? = nil, counting: Counting = .path,
        every: Int? = nil, offsets: Range<Int64>? = nil, times: Int? = nil, faults: [Fault]
    ) {
        self.path = path
        self.method = method
        self.requests = requests
        self.counting = counting
        self.every = every
        self.offsets = offsets
        self.times = times
        self.faults = faults
    }

    package static func on(
        path: String = "*", method: String? = nil, requests: ClosedRange<Int>? = nil, counting: Counting = .path,
        every: Int? = nil, offsets: Range<Int64>? = nil, times: Int? = nil, _ faults: Fault...
    ) -> FaultRule {
        FaultRule(
            path: path, method: method, requests: requests, counting: counting, every: every, offsets: offsets,
            times: times, faults: faults)
    }

    /// For a single request.
    package static func on(
        path: String = "*", method: String? = nil, request: Int, counting: Counting = .path, _ faults: Fault...
    ) -> FaultRule {
        FaultRule(path: path, method: method, requests: request...request, counting: counting, faults: faults)
    }
}

extension FaultRule: Codable {
    private enum Key: CodingKey {
        case path, method, requests, counting, every, offsets, times, faults
    }

    /// Ranges are written `[lower, upper]`; `requests` may be a single number.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        path = try container.decodeIfPresent(String.self, forKey: .path) ?? "*"
        method = try container.decodeIfPresent(String.self, forKey: .method)
        if let one = try? container.decode(Int.self, forKey: .requests) {
            requests = one...one
        } else {
            requests = try container.decodeIfPresent(ClosedRange<Int>.self, forKey: .requests)
        }
        counting = try container.decodeIfPresent(Counting.self, forKey: .counting) ?? .path
        every = try container.decodeIfPresent(Int.self, forKey: .every)
        if let every, every < 1 {
            throw DecodingError.dataCorruptedError(forKey: .every, in: container, debugDescription: "less than 1")
        }
        offsets = try container.decodeIfPresent(Range<Int64>.self, forKey: .offsets)
        times = try container.decodeIfPresent(Int.self, forKey: .times)
        faults = try container.decode([Fault].self, forKey: .faults)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(path, forKey: .path)
        try container.encodeIfPresent(method, forKey: .method)
        try container.encodeIfPresent(requests, forKey: .requests)
        try container.encode(counting, forKey: .counting)
        try container.encodeIfPresent(every, forKey: .every)
        try container.encodeIfPresent(offsets, forKey: .offsets)
        try container.encodeIfPresent(times, forKey: .times)
        try container.encode(faults, forKey: .faults)
    }
}
