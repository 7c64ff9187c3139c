import Storage

/// The conditions that must hold after every step of a simulation.
final class Invariants {
    private let machine: Machine
    private let directory: String
    private let files: [(path: String, bytes: [UInt8])]
    /// Files whose content the manifest does not pin: any complete version of a source's file is right.
    private let unpinned: Set<String>
    private let marker: String?
    /// The largest number of versions that a source has had of a file.
    var versions: () -> Int = { 0 }
    /// Files of others under final names. They must still be there or have been kept.
    private var treasures: [(path: String, bytes: [UInt8])] = []
    private var treasuresSeen = -1
    /// Final names that others have changed, with what is there until the program changes it.
    private var theirs: [String: Set<Int>] = [:]
    /// Final names whose content changed without a change of timestamps, so that their receipts still match.
    private var silent: Set<String> = []
    /// Markers that were present while others changed files. A power cut may restore any of them.
    private var theirMarkers: Set<Int> = []
    /// By the serial number of the inode.
    private var seen: [String: (inode: Int, version: Int)] = [:]
    private var rightness: [String: Bool] = [:]
    private(set) var violations: [String] = []
    /// The inode under each final name at the last change of any name.
    private var present: [(path: String, inode: Inode?)] = []
    private var namesSeen = -1
    private var contentSeen = 0

    init(
        _ machine: Machine, directory: String, files: [(path: String, bytes: [UInt8])], unpinned: Set<String>,
        marker: String?
    ) {
        self.machine = machine
        self.directory = directory
        self.files = files
        self.unpinned = unpinned
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
        let isRight = files.first { $0.path == path }.map { holdsVersion(inode, $0) } == true
        rightness[path] = isRight
        return isRight
    }

    private func holdsVersion(_ inode: Inode, _ file: (path: String, bytes: [UInt8])) -> Bool {
        if inode.holds(file.bytes) { return true }
        guard unpinned.contains(file.path), inode.size == Int64(file.bytes.count), versions() > 0 else { return false }
        return (1...versions()).contains { inode.holds(SimulatedNetwork.version($0, of: file.bytes)) }
    }

    // MARK: Files of others

    /// Others have put a file there.
    func treasure(_ path: String, _ bytes: [UInt8]) {
        treasures.append((path, bytes))
    }

    /// The owner of a file has removed it or allowed its replacement.
    func giveUpTreasures(at path: String? = nil) {
        treasures.removeAll { path == nil || $0.path == path }
    }

    /// The owners have removed the files that were kept for them.
    func giveUpKeptTreasures() {
        treasures.removeAll { inode($0.path)?.holds($0.bytes) != true }
    }

    private func checkTreasures(_ moment: @autoclosure () -> String) {
        guard !treasures.isEmpty, treasuresSeen != machine.nameChanges else { return }
        treasuresSeen = machine.nameChanges
        var kept: [Inode] = []
        if let directory = inode(".modelfetch/replaced") { collect(directory, &kept) }
        for (path, bytes) in treasures {
            if let inode = inode(path), inode.kind == .regular, inode.holds(bytes) { continue }
            if kept.contains(where: { $0.holds(bytes) }) { continue }
            violated("what another had put at \(path), \(bytes.count) bytes, is lost \(moment())")
        }
    }

    private func collect(_ directory: Inode, _ files: inout [Inode]) {
        for inode in directory.entries.values {
            if inode.kind == .directory { collect(inode, &files) } else { files.append(inode) }
        }
    }

    var isWhole: Bool { files.allSatisfy { isRight($0.path) } }

    /// Others have changed the directory, or the power failed while nothing was guaranteed: its files now count as
    /// theirs.
    ///
    /// - Parameter silent: files whose content changed without a change of timestamps.
    func disown(silent: Set<String> = []) {
        self.silent.formUnion(silent)
        for (path, _) in files {
            // A power cut may restore what was there before.
            if let inode = inode(path), !isRight(path) { theirs[path, default: []].insert(inode.serial) }
            if inode(path) == nil { theirs[path, default: []].insert(Self.nothing) }
        }
        if let marker, let inode = inode(marker) { theirMarkers.insert(inode.serial) }
    }

    /// A serial number that no inode has.
    private static let nothing = -1

    /// - Parameter moment: the time, for the message.
    func check(_ moment: @autoclosure () -> String) {
        checkTreasures(moment())
        if namesSeen != machine.nameChanges {
            namesSeen = machine.nameChanges
            present = files.map { ($0.path, inode($0.path)) }
        } else if contentSeen == present.reduce(0, { $0 &+ ($1.inode?.version ?? 0) }) {
            return
        }
        contentSeen = present.reduce(0) { $0 &+ ($1.inode?.version ?? 0) }
        for (path, inode) in present {
            guard let inode, !isRight(path) else { continue }
            if theirs[path]?.contains(inode.serial) == true { continue }
            violated("\(path) holds wrong bytes \(moment())")
        }
        guard let marker, let inode = inode(marker), inode.kind == .regular else { return }
        // A wrong file that others put under the marker's name is not a marker, and stays until the right one replaces
        // it.
        if !isRight(marker), theirs[marker]?.contains(inode.serial) == true { return }
        for (path, other) in present where path != marker && !isRight(path) {
            let now = other?.serial ?? Self.nothing
            // It was there before, or the change was not detectable: wrong files must be as others have left them.
            let isTheirs = theirs[path]?.contains(now) == true
            if isTheirs, theirMarkers.contains(inode.serial) || silent.contains(path) { continue }
            violated("the marker is present while \(path) is missing or wrong, \(moment())")
        }
    }
}
