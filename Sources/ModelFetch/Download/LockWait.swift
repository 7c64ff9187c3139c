internal import Foundation
internal import Storage

/// Takes the lock of a model directory, and waits while another run holds it.
struct LockWait: Sendable {
    private static let pause: Duration = .milliseconds(200)

    let directory: ModelDirectory
    /// Whether to wait. Otherwise a lock that is held is a failure.
    let waits: Bool
    let runtime: Runtime
    let emit: @Sendable (DownloadEvent) -> Void

    /// - Throws: `StorageError` where no lock can be made, a ``Failure`` of kind ``Failure/Kind/locked``, and
    ///   `CancellationError`.
    func acquire() async throws -> DirectoryLock {
        var isFirst = true
        while true {
            if let lock = try DirectoryLock.tryAcquire(in: directory) { return lock }
            if isFirst {
                let process = holder()
                guard waits else { throw Self.failure(directory.path, process) }
                emit(.waitingForLock(directory: directory.path, process: process))
            }
            isFirst = false
            try await runtime.time.sleep(Self.pause)
        }
    }

    /// The process that holds the lock, as far as the system tells.
    private func holder() -> Int32? {
        // The inodes of a simulated disk are not in the system's list.
        guard runtime.disk is SystemDisk, let locks = try? String(contentsOfFile: "/proc/locks", encoding: .utf8)
        else { return nil }
        return DirectoryLock.holder(in: directory, among: locks)
    }

    private static func failure(_ path: String, _ process: Int32?) -> Failure {
        Failure(
            .locked,
            "another modelfetch\(process.map { " (process \($0))" } ?? "") is working on "
                + printable(path, limit: 1024),
            remedy: .waitForLock)
    }
}
