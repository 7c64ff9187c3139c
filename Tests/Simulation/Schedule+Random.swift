import Glibc
import SeededRandom

/// What a schedule is made for; each kind allows sharper claims.
package enum Profile: String, Codable, CaseIterable, Sendable {
    /// Everything at once.
    case anything
    /// Drops, kills and interruptions only: nothing may be fetched twice beyond the bound.
    case thrifty
    /// One source is honest: whatever the others do, every run that is not killed ends well.
    case oneHonest
    /// Crashes: the process or the machine, at any call, over an honest network.
    case crashes
    /// The disk fails: errors, short writes, no space.
    case sickDisk
    /// Two processes on one directory, with and without locks that work.
    case crowded

    /// The kind of schedule that a seed makes.
    package init(of seed: UInt64) { self = Self.allCases[Int(seed % UInt64(Self.allCases.count))] }
}

extension Schedule {
    /// The schedule of a seed: the same for the same seed, everywhere.
    package init(seed: UInt64) {
        self.init(seed: seed, profile: Profile(of: seed))
    }

    package init(seed: UInt64, profile: Profile) {
        var random = SplitMix64(seed: seed)
        let files = Self.files(&random)
        let bytes = files.reduce(0) { $0 + Int64($1.size) }
        let largest = files.map(\.size).max() ?? 0
        self.init(
            seed: random.next(), files: files, hasMarker: random.chance(70),
            sources: Self.sources(profile, largest: largest, &random),
            fileSystem: random.chance(50) ? .ext4 : .posix, hasLocks: profile != .crowded || random.chance(60),
            isDurable: profile == .crashes || random.chance(85), concurrentFiles: 1 + random.below(4),
            retries: random.below(5), spareBytes: 64 << 20, runs: [])
        if profile == .sickDisk, random.chance(30) {
            spareBytes = Int64(random.below(Int(bytes) + 100_000)) - bytes / 2
        }
        for _ in 0..<1 + random.below(4) { runs.append(Self.run(profile, files, &random)) }
    }

    private static func files(_ random: inout SplitMix64) -> [File] {
        let names = ["checkpoint", "data/weights.bin", "hparams.json", "vocab.bpe", "data/more/index", "z"]
        return names.prefix(1 + random.below(4)).map { name in
            let size =
                switch random.below(20) {
                case 0: 0
                case 1...12: random.below(20_000)
                case 13...17: random.below(400_000)
                default: random.below(2_500_000)
                }
            return File(path: name, size: name == "checkpoint" ? min(size, 77) : size)
        }
    }

    // MARK: Sources

    private static func sources(_ profile: Profile, largest: Int, _ random: inout SplitMix64) -> [SourcePlan] {
        let count = profile == .oneHonest ? 2 + random.below(2) : 1 + random.below(3)
        let honest = random.below(count)
        let sameRank = random.chance(50)
        return (0..<count).map { index in
            var faults: [NetworkFault?] = []
            if profile != .crashes || random.chance(30), !(profile == .oneHonest && index == honest) {
                let share = random.below(90)
                for _ in 0..<random.below(24) {
                    faults.append(random.chance(share) ? fault(profile, largest, &random) : nil)
                }
            }
            return SourcePlan(
                rank: sameRank ? 0 : index, tag: random.pick(SourcePlan.Tag.allCases), faults: faults,
                // Some hundred chunks a file are enough to have them everywhere.
                chunk: max(random.pick([300, 4_000, 16_384, 65_536]), min(largest / 100, 65_536)))
        }
    }

    private static func fault(_ profile: Profile, _ largest: Int, _ random: inout SplitMix64) -> NetworkFault {
        while true {
            let fault = anyFault(largest, &random)
            switch profile {
            case .thrifty where !fault.isThrifty: continue
            case .crashes where fault.isLie: continue
            default: return fault
            }
        }
    }

    private static func anyFault(_ largest: Int, _ random: inout SplitMix64) -> NetworkFault {
        let offset = random.chance(30) ? Int64(random.below(3000)) : Int64(random.below(largest + 1))
        let some = 1 + Int64(random.below(5000))
        switch random.below(36) {
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
        default: return .down(seconds: random.below(200))
        }
    }

    // MARK: Runs

    private static func run(_ profile: Profile, _ files: [File], _ random: inout SplitMix64) -> Run {
        var run = Run()
        if profile == .anything || profile == .sickDisk {
            for _ in 0..<random.below(3) where random.chance(50) { run.damages.append(damage(files, &random)) }
            run.rechecks = random.chance(20)
            run.replaces = random.chance(20)
        }
        if [.anything, .thrifty, .crowded].contains(profile), random.chance(30) {
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
            case .anything, .crowded: 40
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
        switch random.below(9) {
        case 0, 1: return .rot(file: file, part: part, at: offset, mask: 1 << UInt8(random.below(8)))
        case 2: return .cut(file: file, part: part, to: offset)
        case 3: return .removed(file: file, part: part)
        case 4: return .foreignPartial(file: file, bytes: Int(offset), flaw: random.chance(50) ? Int(offset / 2) : nil)
        case 5: return .foreignFinal(file: file, bytes: random.below(1_500_000))
        case 6: return .obstacle(file: file, part: part, symlink: random.chance(50))
        case 7: return .stateRemoved
        default: return .cacheDropped
        }
    }
}
