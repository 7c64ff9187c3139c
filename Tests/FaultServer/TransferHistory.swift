/// How many transfers were in progress, second by second from the first one on.
package struct TransferHistory: Sendable {
    /// The most that were in progress at the same time.
    package private(set) var peak = 0
    /// The number at the end of each whole second.
    package private(set) var atEndOfSecond: [Int] = []
    /// The highest number in each whole second.
    package private(set) var mostInSecond: [Int] = []
    private var start: Int64?
    private var current = 0
    private var most = 0

    package init() {}

    /// Notes the number from a time on, which is in nanoseconds and does not go backwards.
    package mutating func note(_ count: Int, at time: Int64) {
        if start == nil, count > 0 { start = time }
        guard let start else { return }
        let seconds = Int((time - start) / 1_000_000_000)
        while atEndOfSecond.count < seconds {
            atEndOfSecond.append(current)
            mostInSecond.append(most)
            most = current
        }
        current = count
        most = max(most, count)
        peak = max(peak, count)
    }
}
