internal import Glibc
internal import ModelFetch
internal import Threads

/// The program's output: stdout for results, stderr for everything else. Whole lines, in order, from any thread, with control
/// characters escaped.
///
/// At the end of stderr there may be a block of lines that is redrawn in place; messages are printed above it. A download
/// goes on even if its output cannot be written (a closed pipe, a full disk).
final class Console: Sendable {
    static let shared = Console()

    // One lock for both, so that lines of stdout and stderr are not mixed up on a terminal.
    private let state = Lock(State())

    private struct State {
        var lost: Int32?
        var block: [String] = []

        /// Notes an error of write(2). A pipe that its reader closed does not count as lost output.
        mutating func lose(_ error: Int32) { if error != EPIPE { lost = lost ?? error } }
    }

    /// Why output on stdout was lost, such as a full disk; `nil` if none was, or only by a closed pipe.
    var lostOutput: String? {
        state.withLock { $0.lost }.map { String(cString: strerror($0)) }
    }

    func out(_ line: String) {
        let bytes = Array((harmless(line) + "\n").utf8)
        state.withLock { state in
            if let error = Self.write(bytes, to: STDOUT_FILENO) { state.lose(error) }
        }
    }

    /// Prints the program's own text, such as help, unchanged.
    func out(text: String) {
        state.withLock { state in
            if let error = Self.write(Array(text.utf8), to: STDOUT_FILENO) { state.lose(error) }
        }
    }

    func err(_ line: String) { err([line]) }

    func err(_ lines: [String]) {
        state.withLock { state in
            var text = LiveBlock.erasure(of: state.block, columns: Terminal.columns)
            for line in lines { text += harmless(line) + "\n" }
            text += state.block.map { $0 + "\n" }.joined()
            _ = Self.write(Array(text.utf8), to: STDERR_FILENO)
        }
    }

    // MARK: The block

    /// Replaces the block; without lines it is removed.
    ///
    /// - Parameter lines: each narrower than the terminal.
    func draw(_ lines: [String]) {
        state.withLock { state in
            let lines = lines.map { harmless($0) }
            guard lines != state.block else { return }
            let text = LiveBlock.change(from: state.block, to: lines, columns: Terminal.columns)
            state.block = lines
            _ = Self.write(Array(text.utf8), to: STDERR_FILENO)
        }
    }

    /// Leaves the block where it is, because other programs have written below it; the next one is drawn there.
    func abandonBlock() { state.withLock { $0.block = [] } }

    /// - Returns: the `errno` of a failure.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                done += count
            } else if count < 0, errno == EINTR {
                continue
            } else if count < 0, errno == EAGAIN {
                // Another process that shares the pipe has made it non-blocking. Waiting is better than half a line.
                var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&wanted, 1, -1)
            } else {
                return errno
            }
        }
        return nil
    }
}

// write(2), which the method of the same name hides.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
