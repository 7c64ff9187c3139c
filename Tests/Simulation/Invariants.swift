import Storage

/// What must hold after every step of a simulation, whatever happens.
final class Invariants {
    private let machine: Machine
    private let directory: String
    private let files: [(path: String, bytes: [UInt8])]
    private let marker: String?
    /// Final names that somebody else filled or emptied: what stands there until the program changes it.
    private var theirs: [String: (inode: ObjectIdentifier, version: Int)] = [:]
    /// Those that changed without a trace in any time stamp: a receipt still fits them.
    private var silent: Set<String> = []
    /// The marker that stood while somebody else changed other files.
    private var theirMarker: ObjectIdentifier?
    private var seen: [String: (inode: ObjectIdentifier, version: Int)] = [:]
    private var rightness: [String: Bool] = [:]
    private(set) var violations: [String] = []

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
        let now = (ObjectIdentifier(inode), inode.version)
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
            theirs[path] = inode(path).flatMap { isRight(path) ? nil : (ObjectIdentifier($0), $0.version) }
        }
        theirMarker = marker.flatMap { inode($0) }.map { ObjectIdentifier($0) }
    }

    /// - Parameter moment: when, for the message.
    func check(_ moment: @autoclosure () -> String) {
        for (path, _) in files {
            guard let inode = inode(path), !isRight(path) else { continue }
            if let known = theirs[path], known.inode == ObjectIdentifier(inode) { continue }
            violated("\(path) holds wrong bytes \(moment())")
        }
        guard let marker, let inode = inode(marker) else { return }
        for (path, _) in files where path != marker && !isRight(path) {
            let now = self.inode(path).map { ObjectIdentifier($0) }
            // It stood before, or they did it so that nobody could see: what is wrong must be as they left it.
            if theirMarker == ObjectIdentifier(inode) || silent.contains(path), now == theirs[path]?.inode { continue }
            violated("the marker stands while \(path) is not there or not right, \(moment())")
        }
    }
}

extension Inode {
    /// Whether a reader finds exactly these bytes.
    func holds(_ bytes: [UInt8]) -> Bool {
        guard size == Int64(bytes.count) else { return false }
        return contents == bytes
    }
}
