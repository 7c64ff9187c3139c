/// The recent history of a growing byte count, from which rates over any part of the last few seconds follow.
struct ThroughputMeter: Sendable {
    /// Samples are at least this far apart, so that a call for every chunk costs little.
    private static let spacing: Duration = .milliseconds(5)
    private static let memory: Duration = .seconds(4)

    private var samples: [(time: Duration, bytes: Int64)] = []
    /// The newest count, which may be too young for a sample of its own.
    private var newest: (time: Duration, bytes: Int64)?

    /// The count has reached this value.
    mutating func record(_ bytes: Int64, at now: Duration) {
        newest = (now, bytes)
        if let last = samples.last, now < last.time + Self.spacing { return }
        samples.append((now, bytes))
        // Removing half at once makes it cheap on average.
        if samples.count > 1024, let first = samples.firstIndex(where: { $0.time >= now - Self.memory }) {
            samples.removeFirst(min(max(first, samples.count / 2), samples.count - 1))
        }
    }

    /// Bytes per second from a moment until the newest count; `nil` if the moment is not in the past, or forgotten.
    func rate(since start: Duration) -> Double? {
        guard let newest, let base = sample(at: start), newest.time > base.time else { return nil }
        return Double(newest.bytes - base.bytes) / ((newest.time - base.time) / .seconds(1))
    }

    /// Bytes per second over the last part of the history; `nil` if the history is shorter.
    func rate(last span: Duration) -> Double? {
        guard let newest else { return nil }
        return rate(since: newest.time - span)
    }

    /// The last sample that is not younger than a moment.
    private func sample(at moment: Duration) -> (time: Duration, bytes: Int64)? {
        var (low, high) = (0, samples.count)
        while low < high {
            let middle = (low + high) / 2
            if samples[middle].time <= moment { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? samples[low - 1] : nil
    }
}
