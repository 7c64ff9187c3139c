import Storage

/// What must hold after every step of a simulation, whatever happens.
final class Invariants {
    private let machine: Machine
    private let directory: String
    private let files: [(path: String, bytes: [UInt8])]
    private let marker: String?
    /// Final names that somebody else filled or emptied: what stands there until the program changes it.
    private var theirs: [String: Set<Int>] = [:]
    /// Those that changed without a trace in any time stamp: a receipt still fits them.
    private var silent: Set<String> = []
    /// The markers that stood while somebody else changed other files. A power cut may bring back any of them.
    private var theirMarkers: Set<Int> = []
    /// By the inode's serial number.
    private var seen: [String: (inode: Int, version: Int)] = [:]
    private var rightness: [String: Bool] = [:]
    private(set) var violations: [String] = []
    /// What stands under each final name, as of the machine's last change of any name.
    private var standing: [(path: String, inode: Inode?)] = []
    private var namesSeen = -1
    private var contentSeen = 0

    init(_ machine: Machine, directory: String, files: [(path: String, bytes: [UInt8])], marker: String?) {
        self.machine = machine
        self.directory = directory
        self.files = files
        self.marker = marker
    }

    func violated(_ what: String) {
        if violations.count < 20 { violations.append(what) }
    }

    func inode(_ path: String) -> Inode? { machine.inode(at: directory + "/" + path) }

    /// Whether a final name holds the right bytes now.
    func isRight(_ path: String) -> Bool {
        guard let inode = inode(path), inode.kind == .regular else { return false }
        let now = (inode.serial, inode.version)
        if let last = seen[path], last == now { return rightness[path] == true }
        seen[path] = now
        let isRight = files.first { $0.path == path }.map { inode.holds($0.bytes) } == true
        rightness[path] = isRight
        return isRight
    }

    var isWhole: Bool { files.allSatisfy { isRight($0.path) } }

    /// Somebody else worked on the directory, or the power went while nothing was promised: what stands there now is theirs.
    ///
    /// - Parameter silent: the files whose bytes changed without a trace.
    func disown(silent: Set<String> = []) {
        self.silent.formUnion(silent)
        for (path, _) in files {
            // A power cut may bring back what stood there before.
            if let inode = inode(path), !isRight(path) { theirs[path, default: []].insert(inode.serial) }
            if inode(path) == nil { theirs[path, default: []].insert(Self.nothing) }
        }
        if let marker, let inode = inode(marker) { theirMarkers.insert(inode.serial) }
    }

    /// The serial number of no inode.
    private static let nothing = -1

    /// - Parameter moment: when, for the message.
    func check(_ moment: @autoclosure () -> String) {
        if namesSeen != machine.nameChanges {
            namesSeen = machine.nameChanges
            standing = files.map { ($0.path, inode($0.path)) }
        } else if contentSeen == standing.reduce(0, { $0 &+ ($1.inode?.version ?? 0) }) {
            return
        }
        contentSeen = standing.reduce(0) { $0 &+ ($1.inode?.version ?? 0) }
        for (path, inode) in standing {
            guard let inode, !isRight(path) else { continue }
            if theirs[path]?.contains(inode.serial) == true { continue }
            violated("\(path) holds wrong bytes \(moment())")
        }
        guard let marker, let inode = inode(marker), inode.kind == .regular else { return }
        for (path, other) in standing where path != marker && !isRight(path) {
            let now = other?.serial ?? Self.nothing
            // It stood before, or they did it so that nobody could see: what is wrong must be as they left it.
            let isTheirs = theirs[path]?.contains(now) == true
            if isTheirs, theirMarkers.contains(inode.serial) || silent.contains(path) { continue }
            violated("the marker stands while \(path) is not there or not right, \(moment())")
        }
    }
}
