import Foundation
import Glibc

/// A disk of its own for one test: an ext4 file system in an image, whose power can be cut.
struct LoopDisk {
    static let isPossible =
        Program.isRoot && FileManager.default.fileExists(atPath: "/dev/loop-control") && Program.has("mkfs.ext4")

    private let image: String
    private let mountPoint: String

    /// Runs `body` with the disk mounted at a new directory.
    static func run<R>(
        at mountPoint: String, isolation: isolated (any Actor)? = #isolation, _ body: (LoopDisk) async throws -> R
    ) async throws -> R {
        let disk = LoopDisk(image: mountPoint + ".image", mountPoint: mountPoint)
        try FileManager.default.createDirectory(atPath: mountPoint, withIntermediateDirectories: false)
        guard FileManager.default.createFile(atPath: disk.image, contents: nil), truncate(disk.image, 32 << 20) == 0
        else { throw Child.Failed(description: "no image at \(disk.image)") }
        try await Tool.run("mkfs.ext4", "-q", "-F", disk.image)
        try await disk.mount()
        let result: R
        do {
            result = try await body(disk)
        } catch {
            try await Tool.run("umount", "-l", mountPoint)
            throw error
        }
        try await Tool.run("umount", "-l", mountPoint)
        return result
    }

    private func mount() async throws {
        // The loop device goes when the file system does.
        try await Tool.run("mount", "-t", "ext4", "-o", "loop", image, mountPoint)
    }

    /// What is not durable is lost from now on, and every call that reaches the disk fails, until ``powerUp()``.
    func cutPower() throws {
        let descriptor = open(mountPoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(descriptor) }
        // FS_IOC_SHUTDOWN and its flag NOLOGFLUSH, as in ioctl_xfs_goingdown(2); ext4 took over the numbers.
        var flags: UInt32 = 2
        guard ioctl(descriptor, 0x8004_587d, &flags) == 0 else {
            throw Child.Failed(description: "cannot shut \(mountPoint) down: \(String(cString: strerror(errno)))")
        }
    }

    /// Brings back what was durable.
    func powerUp() async throws {
        try await Tool.run("umount", "-l", mountPoint)
        // Another test's namespace may still hold a copy of the mount, and with it the file system that was shut down, which the
        // same device would show again (mount_namespaces(7)): the disk goes on as a copy.
        try await Tool.run("cp", "--sparse=always", image, image + ".copy")
        try FileManager.default.removeItem(atPath: image)
        try FileManager.default.moveItem(atPath: image + ".copy", toPath: image)
        try await mount()
    }
}
