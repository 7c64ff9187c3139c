/// A step to more connections that is being measured.
struct ConnectionTrial: Sendable {
    /// The number before the step, and the rate that it had.
    let previous: Int
    let reference: Double
    let number: Int
    /// Whether it is one of the small steps that are tried now and then.
    let isProbe: Bool
    let begun: Duration
    /// From when the new connections have had the time to deliver.
    private(set) var settled: Duration?

    init(from previous: Int, to number: Int, reference: Double, isProbe: Bool, at now: Duration) {
        self.previous = previous
        self.number = number
        self.reference = reference
        self.isProbe = isProbe
        begun = now
    }

    /// The number of added connections, as a part of those before.
    var growth: Double { Double(number - previous) / Double(previous) }

    /// The rate at which the step has brought this part of a linear growth.
    func target(_ part: Double) -> Double { reference * (1 + part * growth) }

    /// Notes when all connections are in use. If some of them cannot be opened within a second, the others count.
    mutating func observe(active: Int, at now: Duration, _ times: MeasuringTimes) {
        if settled == nil, active >= number || now > begun + .seconds(1) { settled = now + times.settling }
    }
}
