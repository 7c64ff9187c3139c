import Glibc
import Hashing
import SeededRandom
import Storage
import Transfer

/// One to sixteen writers on one partial file at any offset, some of them with wrong bytes, while several tasks check claims, one
/// keeps hashing, and one discards ranges. Kills and power cuts come at any call, and the next round continues with what is left.
package final class WriterSimulation {
    private static let killAllowance: Int64 = 512 << 10

    private let scheduler: Scheduler
    private let machine: Machine
    private let right: [UInt8]
    private let identity: FileIdentity
    private let rounds: Int
    private let isDiskSick: Bool
    private let lies: Set<DiskLie>
    private var random: SplitMix64
    private var verdict = Simulation.Verdict(violations: [])
    /// Whether a writer has written wrong bytes: those of the file with every bit flipped.
    private var hasErred = false
    /// Whether there may be bytes without a journal, which count as found.
    private var hasFound = false
    /// The header of the journal, as far as it was certainly written.
    private var header: [UInt8] = []

    package init(seed: UInt64, lies: Set<DiskLie> = []) {
        random = SplitMix64(seed: seed)
        scheduler = Scheduler(seed: random.next())
        machine = Machine(
            scheduler, seed: random.next(), fileSystem: random.chance(50) ? .ext4 : .posix, capacity: 64 << 20)
        right = Pool.bytes(random.chance(80) ? 1 + random.below(600_000) : random.below(3_000_000), number: 0)
        let digest = right.withUnsafeBytes { SHA256Hasher.digest(of: $0) }
        identity = FileIdentity(path: "f", size: Int64(right.count), sha256: digest)
        rounds = 1 + random.below(4)
        isDiskSick = random.chance(30)
        self.lies = lies
    }

    package func play() -> Simulation.Verdict {
        var kept: Int64?
        for round in 0...rounds where verdict.isFine {
            verdict.runs += 1
            kept = playRound(isLast: round == rounds, expected: kept)
        }
        verdict.trace = machine.trace
        return verdict
    }

    private func violated(_ what: String) { verdict.violations.append(what) }

    // MARK: A round

    /// What the tasks of a round share. Used only on the scheduler's thread.
    private final class Round: @unchecked Sendable {
        var partial: PartialFile?
        var working = 0
        var isHashing = false
        var hasVoided = false
        /// What writers were told that they wrote, and that was not discarded since.
        var accepted = RangeSet<Int64>()
        var failure: StorageError?
        var writes = 0
        var incident: SimulatedDisk.Incident?
    }

    /// - Parameter expected: the number of bytes that must be there at least.
    /// - Returns: the number of bytes that must be there in the next round, if known.
    private func playRound(isLast: Bool, expected: Int64?) -> Int64? {
        let round = Round()
        let disk = SimulatedDisk(
            machine, events: isLast ? [] : events(), lies: lies, onIncident: { round.incident = $0 })
        defer {
            disk.die()
            // The disk refers to the round, whose partial file refers to the disk.
            round.partial = nil
        }
        let writers = 1 + random.below(random.chance(50) ? 4 : 16)
        do throws(StorageError) {
            let directory = try ModelDirectory(creating: "/d", on: disk)
            // Bytes whose journal was lost in a power cut count as found until the digest is checked.
            if header != journalHeader { hasFound = true }
            let key = (0..<BlockChecksummer.keyByteCount).map { _ in UInt8(random.below(256)) }
            let partial = try PartialFile(
                in: directory, names: PartialNames(path: "f"), identity: identity, key: key,
                leastQueued: [1, 20_000, .max][Int(key[0]) % 3])
            round.partial = partial
            header = journalHeader
            if let expected, partial.claimedBytes < expected {
                violated("\(partial.claimedBytes) bytes are claimed after a kill, \(expected) must be")
            }
            round.writes = isLast ? .max : 1 + random.below(400)
            repeat {
                run(writers, isLast: isLast, round)
                if let failure = round.failure { throw failure }
                guard verdict.isFine else { return nil }
                checkHeld(partial, disk)
            } while try !isSettled(partial, round) && isLast && verdict.isFine
            try partial.flush()
            return round.hasVoided ? nil : partial.heldBytes
        } catch {
            switch round.incident {
            case .killed: verdict.kills += 1
            case .powerCut: verdict.cuts += 1
            default: if isLast { violated("an error without a fault of the disk: \(error)") }
            }
            // A record that reaches into what was discarded is void as a whole.
            guard let partial = round.partial, round.incident == .killed, !isDiskSick, !round.hasVoided else {
                return nil
            }
            let perWriter = Self.killAllowance
            return max(0, partial.heldBytes + partial.claimedBytes - Int64(writers) * perWriter)
        }
    }

    private var journalHeader: [UInt8] {
        guard let inode = machine.inode(at: "/d/.modelfetch/f.journal") else { return [] }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = bytes.withUnsafeMutableBytes { inode.read(into: $0, at: 0) }
        return Array(bytes[..<count])
    }

    private func events() -> [DiskEvent] {
        var events: [DiskEvent] = []
        if isDiskSick {
            for _ in 0..<random.below(4) {
                let fault: DiskEvent.Fault = random.pick([
                    .fails(errno: EIO), .fails(errno: ENOSPC), .short, .fails(errno: EINTR), .writebackFails,
                ])
                events.append(DiskEvent(random.pick([.write, .read]), random.below(300), fault))
            }
        }
        if random.chance(70) {
            events.append(
                DiskEvent(
                    .any, random.below(random.pick([30, 150, 500])),
                    random.chance(60) ? .kill : .powerCut(luck: random.below(101))))
        }
        return events
    }

    /// Whether the file is complete and right; if it is complete and wrong, doubtful bytes are voided.
    private func isSettled(_ partial: PartialFile, _ round: Round) throws(StorageError) -> Bool {
        guard partial.isComplete else { return false }
        switch try partial.finish() {
        case .verified:
            if machine.inode(at: "/d/f.partial")?.holds(right) != true { violated("wrong bytes were verified") }
            return true
        case .mismatch:
            if !hasErred, !hasFound, lies.isEmpty { violated("all writers were right, but the digest is wrong") }
            // Before it: a kill may come in the middle.
            (round.hasVoided, round.accepted) = (true, RangeSet())
            if try partial.discardDoubtful() == nil { try partial.void(0..<identity.size) }
            return false
        case .unproven:
            violated("there is a digest, but it was not compared")
            return false
        }
    }

    // MARK: Tasks

    private func run(_ writers: Int, isLast: Bool, _ round: Round) {
        guard let partial = round.partial else { return }
        for writer in 0..<writers {
            let isWrong = !isLast && random.chance(10)
            if isWrong { hasErred = true }
            start(round) { [self] in try await write(partial, writer, isWrong: isWrong, round) }
        }
        for _ in 0..<1 + random.below(4) {
            start(round) { while try partial.checkNext() != nil { await Task.yield() } }
        }
        if random.chance(isLast ? 20 : 40) { start(round) { [self] in try await discard(partial, round) } }
        round.isHashing = true
        let hashing = start {
            round.isHashing = false
        } _: { [self] in
            try await partial.keepHashing()
            if partial.hashedBytes != identity.size { violated("the hashing ended at byte \(partial.hashedBytes)") }
        } failed: {
            round.failure = round.failure ?? $0
        }
        var stop = scheduler.drive(steps: 500_000, until: scheduler.now + .seconds(1)) { round.working == 0 }
        if stop != .done { violated("the writers do not end: \(stop)") }
        // What is held without a gap is hashed, although nothing happens any more; unless all was hashed before bytes were discarded.
        stop = scheduler.drive(steps: 1000, until: scheduler.now + .seconds(1)) {
            round.failure != nil || !round.isHashing
                || partial.hashedBytes == partial.firstGap()?.lowerBound ?? identity.size
        }
        if stop != .done { violated("the hash stays behind: \(stop)") }
        hashing.cancel()
        stop = scheduler.drive(steps: 1000, until: scheduler.now + .seconds(1)) { !round.isHashing }
        if stop != .done { violated("the hashing does not end: \(stop)") }
    }

    private func start(_ round: Round, _ body: @escaping () async throws -> Void) {
        round.working += 1
        _ = start {
            round.working -= 1
        } _: {
            try await body()
        } failed: {
            round.failure = round.failure ?? $0
        }
    }

    private func start(
        _ ended: @escaping () -> Void, _ body: @escaping () async throws -> Void,
        failed: @escaping (StorageError) -> Void
    ) -> Task<Void, Never> {
        struct Body: @unchecked Sendable {
            // @unchecked: everything runs on the scheduler's thread.
            let ended: () -> Void
            let call: () async throws -> Void
            let failed: (StorageError) -> Void
        }
        let body = Body(ended: ended, call: body, failed: failed)
        return Task(executorPreference: scheduler) {
            do { try await body.call() } catch let error as StorageError { body.failed(error) } catch {}
            body.ended()
        }
    }

    /// Discards some ranges while others write, check and hash.
    private func discard(_ partial: PartialFile, _ round: Round) async throws {
        for _ in 0..<1 + random.below(4) {
            for _ in 0..<random.below(40) { await Task.yield() }
            guard round.writes > 0, !right.isEmpty else { return }
            let start = Int64(random.below(right.count))
            let range = start..<min(identity.size, start + 1 + Int64(random.below(300_000)))
            (round.hasVoided, round.accepted) = (true, round.accepted.subtracting(RangeSet(range)))
            try partial.void(range)
        }
    }

    private func write(_ partial: PartialFile, _ number: Int, isWrong: Bool, _ round: Round) async throws {
        var writer: ExtentWriter?
        while round.writes > 0 {
            let anywhere = right.isEmpty ? 0 : Int64(random.below(right.count))
            guard let gap = partial.firstGap(from: anywhere) ?? partial.firstGap() else { break }
            if writer == nil {
                // A source that changes from time to time, and one that never does.
                let version = number % 2 == 0 ? 0 : random.below(2)
                writer = try partial.writer(
                    for: SourceVersion(SourceID(url: "http://\(number)/"), validator: "\"\(version)\(isWrong)\""))
            }
            var offset = gap.lowerBound
            let end = min(gap.upperBound, offset + Int64(1 + random.below(300_000)))
            // Another writer may be writing the same bytes.
            while offset < end, round.writes > 0, let writer {
                round.writes -= 1
                let count = min(Int(end - offset), 1 + random.below(65_536))
                let bytes = right[Int(offset)..<Int(offset) + count].map { isWrong ? ~$0 : $0 }
                let chunk = Chunk(copying: bytes)
                accept(try chunk.withBytes { try writer.write($0, at: offset, keptBy: chunk) }, round)
                offset += Int64(count)
                await Task.yield()
            }
            // A connection goes on, is dropped or ends.
            switch random.below(4) {
            case 0: try partial.flush()
            case 1:
                writer = nil
                try partial.flush()
            default:
                try writer?.finish()
                writer = nil
            }
        }
        try partial.flush()
    }

    private func accept(_ ranges: [Range<Int64>], _ round: Round) {
        if !round.accepted.isDisjoint(RangeSet(ranges)) { violated("bytes were accepted twice") }
        round.accepted.formUnion(RangeSet(ranges))
    }

    /// Checks that held bytes were written: no zeros, no torn blocks, nothing that was voided.
    private func checkHeld(_ partial: PartialFile, _ disk: SimulatedDisk) {
        guard !disk.isDead, let inode = machine.inode(at: "/d/f.partial") else { return }
        var position: Int64 = 0
        while position < identity.size {
            let gap = partial.firstGap(from: position) ?? identity.size..<identity.size
            if gap.lowerBound > position { check(inode, position..<gap.lowerBound) }
            position = gap.upperBound
        }
    }

    private func check(_ inode: Inode, _ range: Range<Int64>) {
        var bytes = [UInt8](repeating: 0, count: range.count)
        _ = bytes.withUnsafeMutableBytes { inode.read(into: $0, at: range.lowerBound) }
        let isSame = bytes.withUnsafeBytes { bytes in
            right.withUnsafeBytes {
                memcmp(bytes.baseAddress!, $0.baseAddress! + Int(range.lowerBound), range.count) == 0
            }
        }
        guard !isSame else { return }
        for (index, byte) in bytes.enumerated() {
            let expected = right[Int(range.lowerBound) + index]
            guard byte == expected || hasErred && byte == ~expected || hasFound else {
                return violated("byte \(Int(range.lowerBound) + index) is held, but has a value that was never written")
            }
        }
    }
}
