/// How long a change of the number of connections is observed before it is judged. This follows from the latency of the
/// origin.
struct MeasuringTimes: Sendable {
    private static let shortest: Duration = .milliseconds(100)
    private static let longest: Duration = .milliseconds(600)

    /// How long it takes from a request to the head of its response, including the connecting.
    private var latency: Duration?

    /// A response head came after this long. Single slow responses change little.
    mutating func answered(after time: Duration) {
        guard let known = latency else {
            latency = time
            return
        }
        latency = time < known ? time : known + (time - known) / 8
    }

    /// How long new connections need until they deliver, or are refused.
    var settling: Duration { min((latency ?? Self.shortest) * 5 / 4, Self.longest) }

    /// The shortest time that shows a rate: at least a round trip, because data comes in bursts of one.
    var glance: Duration { min(max(latency ?? Self.shortest, .milliseconds(60)), Self.longest / 2) }

    /// Over which time it shows whether a rate still grows by itself: about two round trips. `nil` if the origin is so near that this is over
    /// in a moment.
    var growthSpan: Duration? { latency.flatMap { $0 < .milliseconds(20) ? nil : glance } }

    /// How long the rate before a first step is measured.
    var reference: Duration { max(glance, Self.shortest) }

    /// How long a step is measured before it is rejected. A small step, whose effect is small, takes longer.
    ///
    /// - Parameter growth: the number of added connections, as a part of those before.
    func window(forGrowth growth: Double) -> Duration {
        let window = min(max((latency ?? Self.shortest) * 2, Self.shortest), Self.longest)
        return growth >= 1 ? window : min(window / max(growth * growth, 0.05), .seconds(2))
    }
}
