internal import Glibc
internal import NIOCore

/// An open regular file. Reads block the event loop, which is acceptable in a test server.
final class DiskFile: Sendable {
    struct CannotOpen: Error {
        var path: String
        var errno: CInt
    }

    let size: Int64
    let inode: UInt64
    /// The time of the last modification, in nanoseconds since 1970.
    let modified: Int64
    private let descriptor: CInt

    init(path: String) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw CannotOpen(path: path, errno: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw CannotOpen(path: path, errno: EINVAL)
        }
        size = Int64(status.st_size)
        inode = UInt64(status.st_ino)
        modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }

    deinit { close(descriptor) }

    /// Up to `count` bytes at `offset`; `nil` at the end, also if the file was truncated.
    func buffer(at offset: Int64, upTo count: Int) -> ByteBuffer? {
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        let read = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
            max(0, pread(descriptor, space.baseAddress, count, off_t(offset)))
        }
        return read > 0 ? buffer : nil
    }
}
