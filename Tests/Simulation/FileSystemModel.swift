/// What a file system promises of names without an fsync of their directory.
package enum FileSystemModel: String, Codable, Sendable {
    /// Nothing: each change of a name is on the disk or not, whatever came before it.
    case posix
    /// Changes of names reach the disk in their order, and an fsync of a file takes those before it along.
    case ext4
}

/// What a broken disk may do behind everybody's back: planted by tests, to see whether a simulation finds it.
package enum DiskLie: String, Codable, CaseIterable, Hashable, Sendable {
    case fileSyncDoesNothing, directorySyncDoesNothing, failedSyncIsNotTold, cacheIsNotForgotten
}
