package import Foundation

/// An empty directory for one test, removed with everything in it when the last reference goes.
package final class TemporaryDirectory: Sendable {
    /// A file system in memory, if there is one; otherwise the usual place. For many files, or large ones.
    package static let inMemory =
        FileManager.default.isWritableFile(atPath: "/dev/shm")
        ? "/dev/shm" : FileManager.default.temporaryDirectory.path

    /// The directory's absolute path.
    package let path: String

    /// - Parameter parent: where the directory is made; the usual place by default.
    package init(in parent: String? = nil) throws {
        let parent = parent ?? FileManager.default.temporaryDirectory.path
        path = parent + "/modelfetch-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    package var url: URL { URL(fileURLWithPath: path) }
}

/// Runs a body in a temporary directory, which is removed after it.
package func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
    let directory = try TemporaryDirectory()
    return try withExtendedLifetime(directory) { try body(directory.path) }
}
