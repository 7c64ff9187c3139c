import Testing

@testable import Simulation

/// What is never generated is never tested.
@Suite struct `The generator of schedules` {
    private static let schedules = (UInt64(0)..<4000).map { (profile: Profile(of: $0), Schedule(seed: $0)) }

    @Test func `makes every kind of schedule`() {
        for profile in Profile.allCases {
            #expect(Self.schedules.count { $0.profile == profile } > 300, "\(profile)")
        }
    }

    /// What a schedule may have.
    static let features: [(String, @Sendable (Schedule) -> Bool)] = [
        ("one connection", { $0.connections == 1 }),
        ("pieces that are hashed by a task of their own", { $0.leastQueued != nil }),
        ("pieces that are hashed where they are written", { $0.leastQueued == nil }),
        (
            "16 connections and a file of more than 2 MB",
            { s in s.connections == 16 && s.files.contains { $0.size > 2_000_000 } }
        ),
        ("three sources of equal rank", { $0.sources.count == 3 && Set($0.sources.map(\.rank)).count == 1 }),
        ("three sources of different rank", { Set($0.sources.map(\.rank)).count == 3 }),
        (
            "a source ten times slower than another of the same rank",
            { schedule in
                schedule.sources.contains { slow in
                    schedule.sources.contains {
                        $0.rank == slow.rank && ($0.traffic.rate ?? 0) >= 10 * (slow.traffic.rate ?? .max / 10)
                    }
                }
            }
        ),
        (
            "fewer transfers accepted than connections",
            { s in s.sources.contains { ($0.traffic.accepted ?? 99) < s.connections } }
        ),
        ("crawling transfers", { s in s.sources.contains { ($0.traffic.uncrawling ?? 99) < s.connections } }),
        ("tags in turn", { $0.sources.contains(where: \.traffic.alternates) }),
        (
            "one liar of several",
            { s in s.sources.count > 1 && s.sources.count { $0.traffic.habits.contains { $0.fault.isHiddenLie } } == 1 }
        ),
        ("every third reset", { habit($0) { if case .drop = $0.fault { $0.every == 3 } else { false } } }),
        ("silence again and again", { habit($0) { if case .stall = $0.fault { true } else { false } } }),
        ("short parts only", { habit($0) { if case .part = $0.fault { $0.every == 1 } else { false } } }),
        (
            "silence after a byte, always",
            { habit($0) { if case .stall(1...2) = $0.fault { $0.every == 1 } else { false } } }
        ),
        ("200 from some response on", { habit($0) { $0.fault == .ignoresRange && $0.after ?? 0 > 3 } }),
        ("200 to some ranges", { habit($0) { $0.fault == .ignoresRange } }),
        (
            "kills while there are several connections",
            { s in s.connections > 1 && s.runs.contains { $0.disk.contains { $0.fault == .kill } } }
        ),
        (
            "power cuts while there are several connections",
            { s in
                s.connections > 1
                    && s.runs.contains { $0.disk.contains { if case .powerCut = $0.fault { true } else { false } } }
            }
        ),
    ]

    private static func habit(_ schedule: Schedule, _ fits: (Traffic.Habit) -> Bool) -> Bool {
        schedule.sources.contains { $0.traffic.habits.contains(where: fits) }
    }

    @Test(arguments: features.indices)
    func `makes everything that matters`(index: Int) {
        let (name, has) = Self.features[index]
        #expect(Self.schedules.count { has($0.1) } >= 10, "\(name)")
    }

    @Test func `keeps one source right where a run must succeed`() {
        for (profile, schedule) in Self.schedules where profile == .parallel || profile == .oneHonest {
            let honest = schedule.sources.filter(\.isHonest)
            #expect(honest.count == 1)
            #expect(honest.allSatisfy { $0.faults.isEmpty && $0.traffic.habits.isEmpty && $0.traffic.accepted == nil })
        }
    }
}
