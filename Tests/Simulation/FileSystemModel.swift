/// What a file system guarantees for names without an fsync of their directory.
package enum FileSystemModel: String, Codable, Sendable {
    /// Nothing: each change of a name may or may not be on disk, independently of earlier ones.
    case posix
    /// Changes of names reach the disk in order, and an fsync of a file includes those before it.
    case ext4
}

/// Hidden faults of a disk, which tests plant to see whether the simulation finds them.
package enum DiskLie: String, Codable, CaseIterable, Hashable, Sendable {
    case fileSyncDoesNothing, directorySyncDoesNothing, failedSyncIsNotTold, cacheIsNotForgotten
}
