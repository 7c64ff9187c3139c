/// Which requests suffer which faults. Everything that a rule does not name matches.
package struct FaultRule: Sendable, Hashable {
    /// What ``requests`` counts, always from 0.
    package enum Counting: String, Sendable, Hashable, Codable {
        /// Requests for the same path.
        case path
        /// All requests to the server.
        case server
        /// Requests that match all else that this rule says.
        case rule
    }

    /// A glob over the decoded path without its first slash: `*` is any text, slashes too; `?` is any one byte.
    package var path: String
    package var method: String?
    /// Ordinals of requests, as ``counting`` counts them.
    package var requests: ClosedRange<Int>?
    package var counting: Counting
    /// Where in the file the asked range begins (0 without a range), from the first bound up to, not including, the second.
    package var offsets: Range<Int64>?
    /// How often the rule may apply.
    package var times: Int?
    package var faults: [Fault]

    package init(
        path: String = "*", method: String? = nil, requests: ClosedRange<Int>? = nil, counting: Counting = .path,
        offsets: Range<Int64>? = nil, times: Int? = nil, faults: [Fault]
    ) {
        self.path = path
        self.method = method
        self.requests = requests
        self.counting = counting
        self.offsets = offsets
        self.times = times
        self.faults = faults
    }

    package static func on(
        path: String = "*", method: String? = nil, requests: ClosedRange<Int>? = nil, counting: Counting = .path,
        offsets: Range<Int64>? = nil, times: Int? = nil, _ faults: Fault...
    ) -> FaultRule {
        FaultRule(
            path: path, method: method, requests: requests, counting: counting, offsets: offsets, times: times,
            faults: faults)
    }

    /// One request alone.
    package static func on(
        path: String = "*", method: String? = nil, request: Int, counting: Counting = .path, _ faults: Fault...
    ) -> FaultRule {
        FaultRule(path: path, method: method, requests: request...request, counting: counting, faults: faults)
    }
}

extension FaultRule: Codable {
    private enum Key: CodingKey {
        case path, method, requests, counting, offsets, times, faults
    }

    /// Ranges are `[lower, upper]`; `requests` may be a single number.
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
        try container.encodeIfPresent(offsets, forKey: .offsets)
        try container.encodeIfPresent(times, forKey: .times)
        try container.encode(faults, forKey: .faults)
    }
}
