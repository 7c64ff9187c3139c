internal import ModelFetch
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The two ways out: stdout for data, stderr for everything else. Whole lines, in order, from any thread, and nothing in
/// them that a terminal would obey.
///
/// That nobody listens any more (a closed pipe, a full disk behind a redirection) is no reason to stop a download.
final class Console: Sendable {
    static let shared = Console()

    // One lock for both, so that lines of stdout and stderr on one terminal do not run into each other.
    private let lock = Mutex<Int32?>(nil)

    /// Why something on stdout was lost, if it was and somebody may have wanted it: a full disk, not a pipe that nobody reads.
    var lostOutput: String? {
        lock.withLock { $0 }.flatMap { $0 == EPIPE ? nil : String(cString: strerror($0)) }
    }

    func out(_ line: String) { write(line, to: STDOUT_FILENO) }
    func err(_ line: String) { write(line, to: STDERR_FILENO) }

    private func write(_ line: String, to descriptor: Int32) {
        let bytes = Array((harmless(line) + "\n").utf8)
        lock.withLock { lost in
            var done = 0
            while done < bytes.count {
                let count = bytes[done...].withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
                if count > 0 {
                    done += count
                } else if count < 0, errno == EINTR {
                    continue
                } else if count < 0, errno == EAGAIN {
                    // Whoever shares the pipe has made it non-blocking: half a line would be worse than to wait.
                    var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&wanted, 1, -1)
                } else {
                    if descriptor == STDOUT_FILENO { lost = errno }
                    return
                }
            }
        }
    }
}

// The C call, whose name the method above takes for itself.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
