import SeededRandom

/// Sources that behave differently under several connections.
extension Schedule {
    /// Decides about connections, rates, limits and habits. The generator is one of its own, so that everything else in the
    /// schedule for a seed stays what it was.
    mutating func addTraffic(_ profile: Profile, seed: UInt64) {
        var other = SplitMix64(seed: seed ^ 0x6861_7368)
        if other.chance(60) { leastQueued = other.pick([1, 1_000, 20_000]) }
        var random = SplitMix64(seed: seed ^ 0x7261_7465)
        let isParallel = profile == .parallel
        if isParallel || random.chance(50) { connections = random.pick([2, 2, 3, 4, 6, 8, 16, 16]) }
        if profile == .thrifty, connections > 1, random.chance(50), files.count > 1 {
            files[1].size = 500_000 + random.below(3_000_000)
        }
        let largest = files.map(\.size).max() ?? 0
        for index in sources.indices where random.chance(isParallel ? 90 : 40) {
            sources[index].traffic = Self.traffic(
                profile, isHonest: sources[index].isHonest, hasTag: sources[index].tag != .none, largest, &random)
        }
        guard connections > 1 else { return }
        if isParallel || random.chance(70) { leases = Self.leases(largest, &random) }
        if random.chance(60) { firstConnections = random.pick([1, 2, 4, 8, 16, 16, 16]) }
    }

    /// Lengths that divide even small files; with a few hundred requests at most for the largest.
    private static func leases(_ largest: Int, _ random: inout SplitMix64) -> Leases {
        let least = max(random.pick([1, 1_000, 4_096, 16_384, 65_536, 300_000]), Int64(largest / 200))
        return Leases(
            least: least, most: least * random.pick([1, 2, 8, 64, 1_000]),
            leastStolen: max(random.pick([1, 1_000, 4_096, 65_536]), Int64(largest / 1000)),
            window: random.pick([1, 65_536, 400_000, 1 << 20, 1 << 30]))
    }

    private static func traffic(
        _ profile: Profile, isHonest: Bool, hasTag: Bool, _ largest: Int, _ random: inout SplitMix64
    ) -> Traffic {
        var traffic = Traffic()
        traffic.latency = random.pick([0, 1, 20, 60, 150, 300])
        // The slow ones are a tenth, a hundredth and less of the fast ones.
        if random.chance(80) { traffic.rate = random.pick([20, 150, 1_500, 1_500, 15_000, 15_000]) }
        if random.chance(20) { traffic.uncrawling = 1 + random.below(8) }
        guard !isHonest else { return traffic }
        if random.chance(30) {
            traffic.accepted = 1 + random.below(6)
            traffic.refusal = random.pick(Traffic.Refusal.allCases)
            traffic.retryAfter = random.pick([nil, nil, "0", "2"])
        }
        if random.chance(40) { traffic.habits.append(habit(profile, largest, &random)) }
        if random.chance(15) { traffic.habits.append(habit(profile, largest, &random)) }
        // A file that is not pinned must be one version; with two tags in turn, it may never become one.
        traffic.alternates = hasTag && profile != .unpinned && random.chance(15)
        return traffic
    }

    private static func habit(_ profile: Profile, _ largest: Int, _ random: inout SplitMix64) -> Traffic.Habit {
        while true {
            let habit = anyHabit(largest, &random)
            let fits =
                switch profile {
                case .thrifty: habit.fault.isThrifty
                case .crashes, .treasures: !habit.fault.isLie
                case .unpinned: !habit.fault.isHiddenLie
                default: true
                }
            if fits { return habit }
        }
    }

    private static func anyHabit(_ largest: Int, _ random: inout SplitMix64) -> Traffic.Habit {
        let place = Int64(random.below(largest + 1))
        let often = random.pick([2, 3, 3, 5])
        switch random.below(10) {
        case 0, 1: return .init(every: often, fault: .drop(after: place / 4))
        case 2: return .init(every: often, fault: .stall(after: place / 4))
        case 3: return .init(every: often, fault: .slow)
        case 4: return .init(every: often, fault: .ignoresRange)
        // A byte or two, and nothing more.
        case 5: return .init(every: 1, fault: .stall(after: 1 + Int64(random.below(2))))
        case 6: return .init(every: 1, fault: .ignoresRange, after: random.below(12))
        case 7:
            return .init(every: random.pick([1, 1, 2, 3]), fault: .part(bytes: 1 + place / 8 + Int64(largest / 60)))
        default:
            return .init(
                every: random.pick([1, 1, 3]), fault: .wrongByte(at: place, mask: 1 << UInt8(random.below(8))))
        }
    }
}
