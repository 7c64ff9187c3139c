import Glibc
import SeededRandom

/// The kinds of schedules. Each has its own conditions besides those of all schedules.
package enum Profile: String, Codable, CaseIterable, Sendable {
    /// All faults.
    case anything
    /// Only drops, kills and interruptions: no more than the bound may be downloaded twice.
    case thrifty
    /// One source is correct: every run that is not killed must succeed, whatever the others do.
    case oneHonest
    /// Kills and power cuts at any call, with a network without faults.
    case crashes
    /// Faults of the disk: errors, short writes, no space.
    case sickDisk
    /// Two processes in one directory, with and without working locks.
    case crowded
    /// Files that the manifest does not pin, and sources whose files change: published files must be a single complete
    /// version.
    case unpinned
    /// Files of others, some of which match the right ones in part: none may be lost.
    case treasures
    /// Larger files and many connections, kills and power cuts. One source is correct, however slow: every run that is
    /// not killed must succeed.
    case parallel

    /// The kind of schedule for a seed.
    package init(of seed: UInt64) {
        let others = UInt64(Self.allCases.count - 1)
        self = seed % 64 < 56 ? Self.allCases[Int(seed % others)] : .parallel
    }
}

extension Schedule {
    /// The schedule for a seed; always the same for the same seed.
    package init(seed: UInt64) {
        self.init(seed: seed, profile: Profile(of: seed))
    }

    package init(seed: UInt64, profile: Profile) {
        var random = SplitMix64(seed: seed)
        let files = Self.files(profile, &random)
        let bytes = files.reduce(0) { $0 + Int64($1.size) }
        let largest = files.map(\.size).max() ?? 0
        self.init(
            seed: random.next(), files: files, hasMarker: random.chance(70),
            sources: Self.sources(profile, largest: largest, &random),
            fileSystem: random.chance(50) ? .ext4 : .posix, hasLocks: profile != .crowded || random.chance(60),
            isDurable: [.crashes, .treasures, .parallel].contains(profile) || random.chance(85),
            concurrentFiles: 1 + random.below(4),
            retries: random.below(5), spareBytes: 64 << 20, runs: [])
        if profile == .sickDisk, random.chance(30) {
            spareBytes = Int64(random.below(Int(bytes) + 100_000)) - bytes / 2
        }
        hasLinks = random.chance(70)
        for _ in 0..<1 + random.below(4) { runs.append(Self.run(profile, files, &random)) }
        addTraffic(profile, seed: seed)
    }

    private static func files(_ profile: Profile, _ random: inout SplitMix64) -> [File] {
        // Some look like the private files of a run without a lock.
        var others = [
            "data/weights.bin", "hparams.json", "vocab.bpe", "data/more/index", "z", "z.0a1b2c3d", "z.20240131",
        ]
        var names = ["checkpoint"]
        for _ in 0..<random.below(4) { names.append(others.remove(at: random.below(others.count))) }
        return names.map { name in
            if profile == .parallel, name != "checkpoint", random.chance(60) {
                return File(path: name, size: 500_000 + random.below(5_000_000))
            }
            let isLarge = profile == .treasures && random.chance(60)
            let size =
                switch isLarge ? 20 : random.below(20) {
                case 0: 0
                case 1...12: random.below(20_000)
                case 13...17: random.below(400_000)
                default: random.below(2_500_000)
                }
            var file = File(path: name, size: name == "checkpoint" ? min(size, 77) : size)
            switch profile {
            case .unpinned: file.pin = random.chance(70) ? random.pick([.size, .nothing, .expected]) : .sha256
            case .anything, .crowded, .sickDisk: file.pin = random.chance(15) ? .expected : .sha256
            default: break
            }
            return file
        }
    }

    // MARK: Sources

    private static func sources(_ profile: Profile, largest: Int, _ random: inout SplitMix64) -> [SourcePlan] {
        let count = profile == .oneHonest ? 2 + random.below(2) : 1 + random.below(3)
        let hasHonest = profile == .oneHonest || profile == .parallel
        let honest = random.below(count)
        let sameRank = random.chance(50)
        return (0..<count).map { index in
            var faults: [NetworkFault?] = []
            if profile != .crashes || random.chance(30), !(hasHonest && index == honest) {
                let share = random.below(90)
                for _ in 0..<random.below(24) {
                    faults.append(random.chance(share) ? fault(profile, largest, &random) : nil)
                }
            }
            var plan = SourcePlan(
                rank: sameRank ? 0 : index, tag: random.pick(SourcePlan.Tag.allCases), faults: faults,
                // A few hundred chunks per file are enough for faults in every place.
                chunk: max(random.pick([300, 4_000, 16_384, 65_536]), min(largest / 100, 65_536)))
            // A whole file that is requested again comes twice.
            plan.isHonest = hasHonest && index == honest
            if profile != .thrifty, random.chance(10) { plan.refusal = random.pick([400, 416, 500, 501]) }
            return plan
        }
    }

    private static func fault(_ profile: Profile, _ largest: Int, _ random: inout SplitMix64) -> NetworkFault {
        while true {
            let fault = anyFault(largest, &random)
            switch profile {
            case .thrifty where !fault.isThrifty: continue
            case .crashes where fault.isLie, .treasures where fault.isLie: continue
            case .unpinned where fault.isHiddenLie: continue
            default: return fault
            }
        }
    }

    private static func anyFault(_ largest: Int, _ random: inout SplitMix64) -> NetworkFault {
        let offset = random.chance(30) ? Int64(random.below(3000)) : Int64(random.below(largest + 1))
        let some = 1 + Int64(random.below(5000))
        switch random.below(38) {
        case 0: return .noName
        case 1: return .noConnection
        case 2: return .connectTimeout
        case 3: return .tlsFailure
        case 4: return .silence
        case 5: return .status(503, retryAfter: random.pick([nil, "0", "7", "99999999999999999999"]))
        case 6: return .status(429, retryAfter: random.pick([nil, "1", "Wed, 21 Oct 2015 07:28:00 GMT"]))
        case 7: return .status(random.pick([403, 404, 410, 500, 502, 204, 418]), retryAfter: nil)
        case 8: return .ignoresRange
        case 9: return .shortWhole
        case 10: return .otherRange(by: random.chance(50) ? some : -some)
        case 11: return .otherTotal(by: random.chance(50) ? some : -some)
        case 12: return .noContentRange
        case 13: return .multipart
        case 14: return .noLength
        case 15: return .otherLength(by: random.chance(50) ? some : -some)
        case 16: return .page
        case 17: return .encoded
        case 18: return .malformedHead
        case 19: return .rangeNotSatisfiable
        case 20: return random.pick([.redirectLoop, .redirectElsewhere])
        case 21: return .redirectToNext
        case 22, 23: return .drop(after: offset)
        case 24, 25: return .short(after: offset)
        case 26: return .stall(after: offset)
        case 27: return .flip(at: offset, mask: 1 << UInt8(random.below(8)))
        case 28: return .shifted(by: some)
        case 29: return .overlong(by: some)
        case 30: return largest < 4_000 ? .oneByOne : .emptyChunks
        case 31: return .slow
        case 32: return .replaced
        case 33: return .restored
        case 34: return .newTag
        case 35, 36: return random.pick([.replaced, .restored])
        default: return .down(seconds: random.below(200))
        }
    }

    // MARK: Runs

    private static func run(_ profile: Profile, _ files: [File], _ random: inout SplitMix64) -> Run {
        var run = Run()
        if [.anything, .sickDisk, .treasures].contains(profile) {
            for _ in 0..<random.below(3) where random.chance(50) { run.damages.append(damage(files, &random)) }
            if profile == .treasures, random.chance(70) { run.damages.append(related(files, &random)) }
            run.rechecks = random.chance(20)
            run.replaces = random.chance(20)
        }
        if files.count > 1, ![.oneHonest, .thrifty, .parallel].contains(profile), random.chance(15) {
            run.sharing = files.indices.dropFirst().filter { _ in random.chance(60) }
            if run.sharing?.isEmpty == true { run.sharing = nil }
        }
        if [.anything, .thrifty, .crowded, .unpinned, .treasures, .parallel].contains(profile), random.chance(30) {
            run.interruptAfter = random.below(3000)
        }
        if profile != .oneHonest { run.disk = diskEvents(profile, &random) }
        if profile == .crowded { run.other = random.chance(80) ? diskEvents(profile, &random) : nil }
        return run
    }

    private static func diskEvents(_ profile: Profile, _ random: inout SplitMix64) -> [DiskEvent] {
        var events: [DiskEvent] = []
        let span = random.pick([10, 60, 200, 700])
        func index() -> Int { random.below(span) }
        if profile == .sickDisk || profile == .anything && random.chance(30) {
            for _ in 0..<random.below(4) { events.append(sickness(span, &random)) }
        }
        if profile == .anything, random.chance(10) { events.append(DiskEvent(.any, index(), .clockStep(-3600))) }
        let crashes =
            switch profile {
            case .crashes: 90
            case .thrifty: 50
            case .anything, .crowded, .unpinned, .treasures, .parallel: 40
            case .sickDisk: 20
            case .oneHonest: 0
            }
        if random.chance(crashes) {
            let cut: DiskEvent.Fault = .powerCut(luck: random.pick([0, 0, 30, 60, 90, 100]))
            let isCut = profile != .thrifty && random.chance(profile == .crashes ? 60 : 40)
            // Around what matters most, and anywhere.
            let call: DiskEvent.Call = random.pick([.any, .any, .synchronize, .rename, .remove, .write])
            events.append(
                DiskEvent(call, call == .any || call == .write ? index() : random.below(12), isCut ? cut : .kill))
        }
        return events
    }

    private static func sickness(_ span: Int, _ random: inout SplitMix64) -> DiskEvent {
        let call = random.pick(DiskEvent.Call.allCases)
        let rare = [.synchronize, .rename, .remove, .makeDirectory, .lock, .preallocate, .truncate].contains(call)
        let index = random.below(rare ? 10 : span)
        let code = random.pick([EIO, EIO, ENOSPC, EDQUOT, EROFS, EMFILE])
        switch random.below(6) {
        case 0: return DiskEvent(call, index, .failsFromHere(errno: code))
        case 1: return DiskEvent(random.pick([.read, .write]), index, .short)
        case 2: return DiskEvent(random.pick([.read, .write, .lock]), index, .fails(errno: EINTR))
        case 3: return DiskEvent(.synchronize, random.below(10), .writebackFails)
        case 4: return DiskEvent(.any, index, .writebackFails)
        default: return DiskEvent(call, index, .fails(errno: code))
        }
    }

    private static func damage(_ files: [File], _ random: inout SplitMix64) -> Damage {
        let file = random.below(files.count)
        let part = random.pick(Damage.Part.allCases)
        let offset = Int64(random.below(files[file].size + 1))
        switch random.below(10) {
        case 0, 1: return .rot(file: file, part: part, at: offset, mask: 1 << UInt8(random.below(8)))
        case 2: return .cut(file: file, part: part, to: offset)
        case 3: return .removed(file: file, part: part)
        case 4: return .foreignPartial(file: file, bytes: Int(offset), flaw: random.chance(50) ? Int(offset / 2) : nil)
        case 5: return .foreignFinal(file: file, bytes: random.below(1_500_000))
        case 6: return .obstacle(file: file, part: part, symlink: random.chance(50))
        case 7: return .stateRemoved
        case 8: return related(files, &random)
        default: return .cacheDropped
        }
    }

    /// A different file that matches the right one in part, such as a fine-tuned model with frozen layers, or a damaged
    /// copy.
    private static func related(_ files: [File], _ random: inout SplitMix64) -> Damage {
        let largest = files.indices.max { files[$0].size < files[$1].size } ?? 0
        let file = random.chance(70) ? largest : random.below(files.count)
        let size = files[file].size
        var differing: [Range<Int>] = []
        func add(_ lower: Int, _ upper: Int) {
            if lower < min(upper, size) { differing.append(lower..<min(upper, size)) }
        }
        switch random.below(6) {
        case 0: add(size / 2, size)
        case 1: add(0, size * 2 / 3)
        case 2: add(66_000, size)
        case 3: for place in [0, size / 2, size - 1] where place >= 0 { add(place, place + 12) }
        case 4: add(random.below(size + 1), size)
        default:
            for _ in 0..<1 + random.below(12) {
                let start = random.below(size + 1)
                add(start, start + 1 + random.below(size / 8 + 1))
            }
        }
        let other =
            switch random.below(6) {
            case 0: random.below(size + 1)
            case 1: size + random.below(100_000)
            default: size
            }
        return .relatedFinal(file: file, differing: differing, size: other)
    }
}
