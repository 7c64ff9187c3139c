/// The most connections that an origin may get now.
struct ConnectionCeiling: Sendable {
    private let cap: Int
    /// How many connections the origin accepted when it refused another one. This holds for the whole run.
    private(set) var tolerated: Int?
    private var doubtful: (number: Int, until: Duration)?

    init(cap: Int) { self.cap = cap }

    /// The most connections to use now.
    func number(at now: Duration) -> Int {
        let number = min(cap, tolerated ?? cap)
        guard let doubtful, now < doubtful.until else { return number }
        return min(number, doubtful.number)
    }

    /// The origin tolerates this many, and no more.
    mutating func tolerate(_ number: Int) { tolerated = max(1, number) }

    /// More than this many did harm. They may be tried again after a while.
    ///
    /// - Parameter wait: the while. Harm within an earlier one prolongs nothing.
    mutating func doubt(above number: Int, at now: Duration, for wait: inout GrowingWait) {
        if let doubtful, now < doubtful.until {
            self.doubtful = (max(1, min(number, doubtful.number)), doubtful.until)
        } else {
            doubtful = (max(1, number), now + wait.take())
        }
    }
}
