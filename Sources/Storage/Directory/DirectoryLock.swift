/// The lock that keeps two runs from working on one model directory: flock(2) on `.modelfetch/lock`, held as long as this
/// object exists. The kernel releases it when the process ends, however it ends.
package final class DirectoryLock: Sendable {
    private let file: OpenFile
    /// Whether the lock excludes other processes. On some network file systems flock always succeeds; then two runs must not share
    /// a partial, see ``PartialNames``.
    package let isEffective: Bool

    private init(file: OpenFile, isEffective: Bool) {
        self.file = file
        self.isEffective = isEffective
    }

    /// Takes the lock without waiting.
    ///
    /// - Returns: `nil` if another process holds it.
    package static func tryAcquire(in directory: ModelDirectory) throws(StorageError) -> DirectoryLock? {
        try directory.makeParents(of: StateNames.lock)
        // If `.modelfetch` was deleted between opening and locking, the lock is on a removed file: try again then.
        for _ in 0..<8 {
            guard let file = try directory.open(StateNames.lock, .create) else { continue }
            switch tryLock(file) {
            case .held: return nil
            case .unsupported: return DirectoryLock(file: file, isEffective: false)
            case .ours:
                guard let named = try directory.status(of: StateNames.lock), named.inode == (try file.status()).inode
                else {
                    continue
                }
                // If a second descriptor is not refused, the lock has no effect.
                guard let second = try directory.open(StateNames.lock, .update) else { continue }
                return DirectoryLock(file: file, isEffective: tryLock(second) == .held)
            }
        }
        throw StorageError(
            .modifiedExternally, path: directory.display(StateNames.lock), reason: "another program keeps removing it")
    }

    /// The process that holds the lock of a directory.
    ///
    /// - Parameter locks: what the kernel lists in `/proc/locks` (proc_locks(5)).
    /// - Returns: `nil` if the list does not show it.
    package static func holder(in directory: ModelDirectory, among locks: String) -> Int32? {
        guard let status = try? directory.status(of: StateNames.lock) else { return nil }
        return holder(ofInode: status.inode, among: locks)
    }

    /// Looks for the one flock(2) lock on an inode in `/proc/locks`.
    ///
    /// The device is not compared: on some file systems, such as Btrfs, stat(2) reports a different number. If locks on several
    /// devices match, the result is `nil`.
    static func holder(ofInode inode: UInt64, among locks: String) -> Int32? {
        var found: Int32?
        for line in locks.split(separator: "\n") {
            // `1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF`; a waiting one has `->` as its second field.
            let fields = line.split(separator: " ")
            guard fields.count >= 6, fields[1] == "FLOCK", let process = Int32(fields[4]), process > 0,
                let last = fields[5].split(separator: ":").last, UInt64(last) == inode
            else { continue }
            guard found == nil || found == process else { return nil }
            found = process
        }
        return found
    }

    private enum Outcome { case ours, held, unsupported }

    private static func tryLock(_ file: OpenFile) -> Outcome {
        while true {
            do throws(DiskError) {
                return try file.disk.lock(file.descriptor) ? .ours : .held
            } catch {
                // Try again if interrupted. Any other error means that this file system does not support locks.
                if !error.isInterrupted { return .unsupported }
            }
        }
    }
}
