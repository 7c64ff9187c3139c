import Foundation

/// A description of a simulation: the environment and all faults. It is generated from a seed, can be written as JSON,
/// and can be reduced.
package struct Schedule: Codable, Hashable, Sendable {
    /// Seeds the random decisions: the order of jobs, the sizes of chunks, and what a power cut spares.
    package var seed: UInt64
    package var files: [File]
    /// Whether the first file is the marker.
    package var hasMarker: Bool
    package var sources: [SourcePlan]
    package var fileSystem: FileSystemModel
    package var hasLocks: Bool
    package var isDurable: Bool
    package var concurrentFiles: Int
    /// The most connections to one source.
    package var connections = 1
    /// How many connections a source gets before anything is known about it; `nil` for the usual start.
    package var firstConnections: Int?
    /// How files are divided; `nil` for the usual lengths, to which most files here are too short.
    package var leases: Leases?
    package var retries: Int
    /// Disk space in bytes beyond what the files need; with too little the disk becomes full.
    package var spareBytes: Int64
    package var runs: [Run]
    /// How many bytes at a time are handed to the task that keeps hashing; `nil` for as many as usual, which never come at once here.
    package var leastQueued: Int?
    /// Whether a file may have several names.
    package var hasLinks = true
    /// Hidden faults of the disk, to see whether they are found.
    package var lies: Set<DiskLie> = []

    package struct File: Codable, Hashable, Sendable {
        package var path: String
        package var size: Int
        package var pin: Pin = .sha256
    }

    /// How a file is divided among connections, in bytes.
    package struct Leases: Codable, Hashable, Sendable {
        package var least: Int64
        package var most: Int64
        package var leastStolen: Int64
        package var window: Int64
    }

    /// What the manifest says about the content of a file.
    package enum Pin: String, Codable, CaseIterable, Hashable, Sendable {
        /// Size and SHA-256.
        case sha256
        /// The size and a derived SHA-256, which is right.
        case expected
        /// Only the size.
        case size
        /// Nothing.
        case nothing
    }

    /// A run of the program: changes to the directory before it, and faults during it.
    package struct Run: Codable, Hashable, Sendable {
        package var damages: [Damage] = []
        package var disk: [DiskEvent] = []
        /// A second, simultaneous process with its own faults.
        package var other: [DiskEvent]?
        /// Virtual milliseconds after which the user interrupts it.
        package var interruptAfter: Int?
        package var rechecks = false
        package var replaces = false
        /// The run has another manifest, with only these files (by index) and no marker.
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

    /// The schedule as JSON on one line.
    package var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "?"
    }

    /// The number of events in it.
    package var events: Int {
        runs.reduce(0) { $0 + $1.damages.count + $1.disk.count + ($1.other.map { $0.count + 1 } ?? 0) }
            + sources.reduce(0) { $0 + $1.faults.count { $0 != nil } } + runs.count
    }
}

/// A change to the directory while nothing runs.
package enum Damage: Codable, Hashable, Sendable {
    /// Bits change on disk in a final file, a partial file or a journal, without a change of timestamps.
    case rot(file: Int, part: Part, at: Int64, mask: UInt8)
    case cut(file: Int, part: Part, to: Int64)
    case removed(file: Int, part: Part)
    /// A partial file of another tool: a prefix of the file, right or with an error.
    case foreignPartial(file: Int, bytes: Int, flaw: Int?)
    /// A different file under the final name.
    case foreignFinal(file: Int, bytes: Int)
    /// A different file under the final name that matches the right one except for some ranges, possibly with another
    /// size.
    case relatedFinal(file: Int, differing: [Range<Int>], size: Int)
    /// Something other than a file under the name.
    case obstacle(file: Int, part: Part, symlink: Bool)
    /// The state directory is removed.
    case stateRemoved
    /// The kernel drops its clean pages.
    case cacheDropped

    package enum Part: String, Codable, CaseIterable, Hashable, Sendable { case final, partial, journal }
}
