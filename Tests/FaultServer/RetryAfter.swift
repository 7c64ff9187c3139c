/// The value of a `Retry-After` (RFC 9110 §10.2.3). In JSON, a number means seconds, a string is sent as it is, and
/// `{"dateIn": 30}` means the HTTP date 30 seconds from now (in the past if negative).
package enum RetryAfter: Sendable, Hashable {
    case seconds(Int)
    case date(secondsFromNow: Int)
    case raw(String)

    /// The value of the field at the given time in seconds since 1970.
    func value(now: Int64) -> String {
        switch self {
        case .seconds(let seconds): String(seconds)
        case .date(let offset): HTTPDate.text(secondsSince1970: now + Int64(offset))
        case .raw(let text): text
        }
    }
}

extension RetryAfter: Codable {
    private enum Key: CodingKey {
        case dateIn
    }

    package init(from decoder: any Decoder) throws {
        if let single = try? decoder.singleValueContainer() {
            if let seconds = try? single.decode(Int.self) {
                self = .seconds(seconds)
                return
            }
            if let text = try? single.decode(String.self) {
                self = .raw(text)
                return
            }
        }
        self = .date(secondsFromNow: try decoder.container(keyedBy: Key.self).decode(Int.self, forKey: .dateIn))
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .seconds(let seconds):
            var container = encoder.singleValueContainer()
            try container.encode(seconds)
        case .raw(let text):
            var container = encoder.singleValueContainer()
            try container.encode(text)
        case .date(let offset):
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(offset, forKey: .dateIn)
        }
    }
}
