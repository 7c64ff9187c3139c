import SeededRandom

/// A server and the link to it, reduced to rates: what each connection delivers in a tick of 5 ms. Deterministic.
struct SimulatedOrigin: Sendable {
    static let tick: Duration = .milliseconds(5)

    // The link.
    var roundTrip: Duration = .milliseconds(2)
    /// Bytes per second for each connection, and for all of them.
    var perConnection = Double.infinity
    var total = 1e9
    /// How much the total varies, as a part of it, and for how long it stays the same.
    var noise = 0.0
    var noiseTicks = 1
    // The server.
    /// More requests than this at once are answered with 429.
    var accepted = Int.max
    /// More connections than this get 150 KB/s each.
    var uncrawling = Int.max
    /// With more connections than this, all together get a tenth.
    var bearable = Int.max
    /// Every connection of this number is reset after 1 MB.
    var resetEvery: Int?
    /// The first connection gets a fiftieth.
    var isFirstSlow = false
    /// When nothing comes, and all connections break.
    var outage: Range<Duration>?
    /// What happens to the total at some moment.
    var later: (at: Duration, total: Double)?

    struct Connection: Sendable {
        let number: Int
        let opened: Duration
        var hasAnswered = false
        var bytes = 0.0
        /// Not replaced by another range when this one, of 2 MB, ends.
        var isSurplus = false
        var rates: Double = 0
    }

    /// The rate of every connection, in bytes per second.
    func rates(
        _ connections: [Connection], at now: Duration, _ random: inout SplitMix64,
        _ wobble: inout (left: Int, factor: Double)
    ) -> [Double] {
        if let outage, outage.contains(now) { return connections.map { _ in 0 } }
        if wobble.left == 0 { wobble = (noiseTicks, 1 + noise * (Double(random.below(2001)) / 1000 - 1)) }
        wobble.left -= 1
        var rates: [Double] = []
        for (index, connection) in connections.enumerated() {
            guard connection.hasAnswered else {
                rates.append(0)
                continue
            }
            var rate = perConnection
            if index >= uncrawling { rate = min(rate, 150e3) }
            if isFirstSlow, connection.number == 0 { rate = min(rate, 1e9) / 50 }
            // Slow start: ten segments in the first round trip, twice as many in each that follows.
            let trips = (now - connection.opened - roundTrip * 2) / roundTrip
            rate = min(rate, 14_600 * exp2(min(trips.rounded(.down), 30)) / (roundTrip / .seconds(1)))
            rates.append(rate)
        }
        var room = later.map { now >= $0.at ? $0.total : total } ?? total
        if connections.count > bearable { room = min(room, rates.reduce(0, +)) / 10 }
        room *= wobble.factor
        // Everybody gets a fair share, and what others cannot use.
        let order = rates.indices.sorted { rates[$0] < rates[$1] }
        for (position, index) in order.enumerated() {
            rates[index] = min(
                rates[index] * (total == .infinity ? wobble.factor : 1), room / Double(order.count - position))
            room -= rates[index]
        }
        return rates
    }

    private func exp2(_ power: Double) -> Double {
        var result = 1.0
        for _ in 0..<max(0, Int(power)) { result *= 2 }
        return result
    }
}
