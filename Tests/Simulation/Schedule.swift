import Foundation

/// Everything that happens in one simulation: a world, and what goes wrong in it. It comes from a seed, can be written down, and
/// can be made smaller.
package struct Schedule: Codable, Hashable, Sendable {
    /// Drives what is left to chance: who runs next, how the network is cut into chunks, what a power cut spares.
    package var seed: UInt64
    package var files: [File]
    /// Whether the first file is the marker.
    package var hasMarker: Bool
    package var sources: [SourcePlan]
    package var fileSystem: FileSystemModel
    package var hasLocks: Bool
    package var isDurable: Bool
    package var concurrentFiles: Int
    package var retries: Int
    /// Bytes of disk, besides what the files need; too few make the disk full.
    package var spareBytes: Int64
    package var runs: [Run]
    /// Whether a file may have several names.
    package var hasLinks = true
    /// Lies that are planted in the disk, to see whether they are found.
    package var lies: Set<DiskLie> = []

    package struct File: Codable, Hashable, Sendable {
        package var path: String
        package var size: Int
        package var pin: Pin = .sha256
    }

    /// What the manifest says of a file's content.
    package enum Pin: String, Codable, CaseIterable, Hashable, Sendable {
        /// Size and SHA-256.
        case sha256
        /// The size, and a SHA-256 that was derived and is right.
        case expected
        /// The size alone.
        case size
        /// Nothing at all.
        case nothing
    }

    /// One start of the program: what is done to the directory before, and what happens in it.
    package struct Run: Codable, Hashable, Sendable {
        package var damages: [Damage] = []
        package var disk: [DiskEvent] = []
        /// A second process that runs beside the first, with its own faults.
        package var other: [DiskEvent]?
        /// Virtual milliseconds after which the user interrupts it.
        package var interruptAfter: Int?
        package var rechecks = false
        package var replaces = false
        /// The run is one of another manifest, which shares these files, by index, and has no marker.
        package var sharing: [Int]?

        package init() {}
    }

    package init(from text: String) throws { self = try JSONDecoder().decode(Schedule.self, from: Data(text.utf8)) }

    package init(
        seed: UInt64, files: [File], hasMarker: Bool, sources: [SourcePlan], fileSystem: FileSystemModel,
        hasLocks: Bool, isDurable: Bool, concurrentFiles: Int, retries: Int, spareBytes: Int64, runs: [Run]
    ) {
        self.seed = seed
        self.files = files
        self.hasMarker = hasMarker
        self.sources = sources
        self.fileSystem = fileSystem
        self.hasLocks = hasLocks
        self.isDurable = isDurable
        self.concurrentFiles = concurrentFiles
        self.retries = retries
        self.spareBytes = spareBytes
        self.runs = runs
    }

    /// As JSON, on one line.
    package var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "?"
    }

    /// How many single things happen in it.
    package var events: Int {
        runs.reduce(0) { $0 + $1.damages.count + $1.disk.count + ($1.other.map { $0.count + 1 } ?? 0) }
            + sources.reduce(0) { $0 + $1.faults.count { $0 != nil } } + runs.count
    }
}

/// What somebody or something does to the directory while no run is there.
package enum Damage: Codable, Hashable, Sendable {
    /// Bits change on the disk, in a final file, a partial or a journal; no time stamp tells.
    case rot(file: Int, part: Part, at: Int64, mask: UInt8)
    case cut(file: Int, part: Part, to: Int64)
    case removed(file: Int, part: Part)
    /// Another tool's bytes: a prefix of the file, right or with a flaw.
    case foreignPartial(file: Int, bytes: Int, flaw: Int?)
    /// Another file under the final name.
    case foreignFinal(file: Int, bytes: Int)
    /// Another file under the final name that agrees with the right one but for some ranges, and is of another size, maybe.
    case relatedFinal(file: Int, differing: [Range<Int>], size: Int)
    /// Something that is no file stands under the name.
    case obstacle(file: Int, part: Part, symlink: Bool)
    /// The state directory goes.
    case stateRemoved
    /// What the kernel had cached and written goes.
    case cacheDropped

    package enum Part: String, Codable, CaseIterable, Hashable, Sendable { case final, partial, journal }
}
