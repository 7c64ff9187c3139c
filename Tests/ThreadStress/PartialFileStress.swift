import Foundation
import Hashing
import SeededRandom
import Storage
import Synchronization
import TemporaryDirectory
import Transfer

/// A partial file that many threads use at once: up to sixteen write, one writes wrong bytes and voids them again, one voids
/// other ranges, three check what an earlier run left, a task keeps hashing, and one reads the state.
///
/// Whatever the schedule, only bytes that were written count as held, and in the end the digest is right.
package final class PartialFileStress: Sendable {
    private let seed: UInt64
    private let right: [UInt8]
    /// The right bytes with every bit flipped, which one thread writes and voids again.
    private let wrong: [UInt8]
    private let identity: FileIdentity
    /// The range in which wrong bytes are being written at the moment.
    private let lie = Mutex<Range<Int64>?>(nil)
    private let writers: Int
    /// What the threads write. The last byte comes after them, so that the hashing does not end before that.
    private var played: Int { right.count - 1 }
    private static let checkers = 3
    private static let names = PartialNames(path: "f")

    package init(seed: UInt64) {
        self.seed = seed
        var random = SplitMix64(seed: seed)
        writers = 1 + random.below(16)
        let count = 400_000 + random.below(1_200_000)
        right = [UInt8](unsafeUninitializedCapacity: count + 8) { buffer, made in
            for offset in stride(from: 0, to: count, by: 8) {
                UnsafeMutableRawBufferPointer(buffer).storeBytes(
                    of: random.next(), toByteOffset: offset, as: UInt64.self)
            }
            made = count
        }
        wrong = right.map { ~$0 }
        identity = FileIdentity(
            path: "f", size: Int64(count), sha256: right.withUnsafeBytes { SHA256Hasher.digest(of: $0) })
    }

    /// - Returns: the violations, a sentence each.
    package func play() async throws -> [String] {
        let folder = try TemporaryDirectory()
        defer { withExtendedLifetime(folder) {} }
        let path = folder.path + "/" + Self.names.partial
        let directory = try ModelDirectory(creating: folder.path, on: SystemDisk())
        try leaveClaims(in: directory, path)

        let team = Team(workers: writers + 2, checkers: Self.checkers)
        let partial = try open(in: directory)
        let hashing = Task { try await partial.keepHashing() }
        defer { hashing.cancel() }
        var members: [@Sendable () throws -> Void] = (0..<writers).map { number in
            { [self] in
                defer { team.isDone() }
                try write(partial, number)
            }
        }
        members.append { [self] in
            defer { team.isDone() }
            try lie(partial)
        }
        members.append { [self] in
            defer { team.isDone() }
            try giveUp(partial)
        }
        for _ in 0..<Self.checkers {
            members.append {
                defer { team.hasChecked() }
                while try partial.checkNext() != nil {}
            }
        }
        members.append { [self] in
            while team.isWorking {
                _ = (
                    partial.heldBytes, partial.reusedBytes, partial.claimedBytes, partial.hashedBytes,
                    partial.isComplete, partial.gaps
                )
                guard team.isChecked else { continue }
                try look(at: partial, path, mayLie: true, team)
            }
        }
        team.run(members)
        guard team.violations.isEmpty else { return team.violations }
        try fill(partial, path, team)
        // Without another signal: no byte that became held was overlooked.
        try await hashing.value
        if partial.hashedBytes != identity.size { team.violated("the hashing ended early") }
        if case .mismatch(let actual) = try partial.finish() { team.violated("the digest is \(actual.hex)") }
        try reopen(in: directory, team)
        return team.violations
    }

    private func open(in directory: ModelDirectory) throws -> PartialFile {
        try PartialFile(
            in: directory, names: Self.names, identity: identity, key: [UInt8](0..<16),
            leastQueued: seed % 3 == 0 ? .max : 1_000)
    }

    private func random(_ role: UInt64) -> SplitMix64 { SplitMix64(seed: seed &* 1000 &+ role &+ 1) }

    /// Creates the partial file of an earlier run that was killed, in which the disk has lost a byte.
    private func leaveClaims(in directory: ModelDirectory, _ path: String) throws {
        var random = random(100)
        let partial = try open(in: directory)
        let writer = try partial.writer(for: SourceVersion(SourceID(url: "http://earlier/"), validator: "\"1\""))
        for _ in 0..<random.below(4) {
            let range = range(&random, atMost: 200_000)
            try write(right, range, with: writer)
        }
        try partial.flush()
        guard let first = partial.firstGap(), first.lowerBound > 0 || first.upperBound < identity.size else { return }
        let held = first.lowerBound > 0 ? Int64(0) : first.upperBound
        guard let file = FileHandle(forUpdatingAtPath: path) else { return }
        try file.seek(toOffset: UInt64(held))
        try file.write(contentsOf: [~right[Int(held)]])
        try file.close()
    }

    private func range(_ random: inout SplitMix64, atMost length: Int) -> Range<Int> {
        let start = random.below(played)
        return start..<min(played, start + 1 + random.below(length))
    }

    private func write(_ bytes: [UInt8], _ range: Range<Int>, with writer: ExtentWriter) throws {
        let asked = Int64(range.lowerBound)..<Int64(range.upperBound)
        let chunk = Chunk(copying: bytes[range])
        let accepted = try chunk.withBytes { try writer.write($0, at: asked.lowerBound, keptBy: chunk) }
        precondition(accepted.allSatisfy { $0.clamped(to: asked) == $0 }, "accepted \(accepted) of \(asked)")
    }

    // MARK: Threads

    /// Writes into gaps, and sometimes over existing bytes, from a source whose file changes from time to time.
    private func write(_ partial: PartialFile, _ number: Int) throws {
        var random = random(UInt64(number))
        for round in 0..<80 {
            let version = number % 2 == 0 ? 0 : round / 20
            let writer = try partial.writer(
                for: SourceVersion(SourceID(url: "http://\(number)/"), validator: "\"\(version)\""))
            var range = range(&random, atMost: 60_000)
            if random.chance(80), let gap = partial.firstGap(from: Int64(range.lowerBound)) ?? partial.firstGap(),
                gap.lowerBound < played
            {
                let start = Int(gap.lowerBound)
                range = start..<min(played, start + range.count)
            }
            try write(right, range, with: writer)
            if random.chance(20) { try partial.flush() }
            if random.chance(50) { try writer.finish() }
        }
    }

    /// Writes wrong bytes and voids them again.
    private func lie(_ partial: PartialFile) throws {
        var random = random(200)
        let writer = try partial.writer(for: SourceVersion(SourceID(url: "http://liar/"), validator: "\"1\""))
        for _ in 0..<60 {
            var range = range(&random, atMost: 40_000)
            if random.chance(70), let gap = partial.firstGap(from: partial.hashedBytes), gap.lowerBound < played {
                let start = Int(gap.lowerBound)
                range = start..<min(played, start + range.count)
            }
            let taken = Int64(range.lowerBound)..<Int64(range.upperBound)
            lie.withLock { $0 = taken }
            try write(wrong, range, with: writer)
            lie.withLock { $0 = nil }
            if random.chance(50) { sched_yield() }
            try partial.void(taken)
        }
    }

    /// Voids ranges that may be right, and wrong ones while they are being written.
    private func giveUp(_ partial: PartialFile) throws {
        var random = random(300)
        for _ in 0..<150 {
            if let lie = lie.withLock({ $0 }) {
                try partial.void(lie)
            } else if random.chance(10) {
                let range = range(&random, atMost: 30_000)
                try partial.void(Int64(range.lowerBound)..<Int64(range.upperBound))
            }
            sched_yield()
        }
    }

    /// Checks that the bytes that are held are on disk: the right ones or, while they are written, the wrong ones.
    private func look(at partial: PartialFile, _ path: String, mayLie: Bool, _ team: Team) throws {
        guard let file = FileHandle(forReadingAtPath: path) else { return team.violated("the partial file is gone") }
        defer { try? file.close() }
        var position: Int64 = 0
        while position < identity.size {
            let gap = partial.firstGap(from: position) ?? identity.size..<identity.size
            if gap.lowerBound > position {
                try file.seek(toOffset: UInt64(position))
                let bytes = [UInt8](try file.read(upToCount: Int(gap.lowerBound - position)) ?? Data())
                guard bytes.count == gap.lowerBound - position else {
                    return team.violated("the partial file is too short")
                }
                let start = Int(position)
                if !bytes.elementsEqual(right[start..<start + bytes.count]),
                    let index = bytes.indices.first(where: {
                        bytes[$0] != right[start + $0] && (!mayLie || bytes[$0] != wrong[start + $0])
                    })
                {
                    return team.violated("byte \(start + index) is held, but has a value that was never written")
                }
            }
            position = gap.upperBound
        }
    }

    // MARK: The end

    /// Fills the gaps; then the bytes must be right.
    private func fill(_ partial: PartialFile, _ path: String, _ team: Team) throws {
        let writer = try partial.writer(for: SourceVersion(SourceID(url: "http://filler/"), validator: "\"1\""))
        while let gap = partial.firstGap() {
            try write(
                right, Int(gap.lowerBound)..<min(Int(gap.upperBound), Int(gap.lowerBound) + 100_000),
                with: writer)
        }
        guard partial.isComplete else { return team.violated("the file has no gaps but is not complete") }
        try look(at: partial, path, mayLie: false, team)
    }

    /// Checks that recorded bytes are on disk. Not all bytes are recorded: a record ends when a part of it is voided.
    private func reopen(in directory: ModelDirectory, _ team: Team) throws {
        let again = try open(in: directory)
        while let check = try again.checkNext() {
            if case .lost(let range) = check { team.violated("\(range) is recorded but not on disk") }
        }
    }
}
