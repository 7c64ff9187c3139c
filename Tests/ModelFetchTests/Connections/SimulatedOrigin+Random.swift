import SeededRandom

extension SimulatedOrigin {
    /// Any origin at all.
    init(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        self.init()
        roundTrip = .milliseconds(random.pick([1, 5, 20, 50, 150, 300]))
        if random.chance(60) { perConnection = Double(random.pick([1, 2, 5, 20, 100, 500])) * 1e6 }
        total = Double(random.pick([2, 12, 50, 200, 1000])) * 1e6
        if random.chance(50) { (noise, noiseTicks) = (0.2, random.pick([1, 10, 100])) }
        if random.chance(30) { accepted = 1 + random.below(16) }
        if random.chance(15) { uncrawling = 1 + random.below(12) }
        if random.chance(20) { bearable = 2 + random.below(12) }
        if random.chance(15) { resetEvery = 3 + random.below(4) }
        isFirstSlow = random.chance(15)
        if random.chance(15) {
            let start = Duration.milliseconds(random.below(6000))
            outage = start..<start + .milliseconds(100 + random.below(4000))
        }
        if random.chance(20) { later = (.seconds(random.below(10)), total * Double(random.pick([1, 4, 40])) / 6) }
    }
}
