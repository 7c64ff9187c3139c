internal import Glibc
internal import ModelFetch
internal import Synchronization

/// The two ways out: stdout for data, stderr for everything else. Whole lines, in order, from any thread, and nothing in
/// them that a terminal would obey.
///
/// At the end of stderr there may be a block of lines that is drawn again and again; what is said meanwhile goes above it.
/// That nobody listens any more (a closed pipe, a full disk behind a redirection) is no reason to stop a download.
final class Console: Sendable {
    static let shared = Console()

    // One lock for both, so that lines of stdout and stderr on one terminal do not run into each other.
    private let state = Mutex(State())

    private struct State {
        var lost: Int32?
        var block: [String] = []

        /// A pipe that nobody reads is the reader's choice.
        mutating func lose(_ error: Int32) { if error != EPIPE { lost = lost ?? error } }
    }

    /// Why something on stdout was lost, if it was and somebody may have wanted it: a full disk, not a pipe that nobody reads.
    var lostOutput: String? {
        state.withLock { $0.lost }.map { String(cString: strerror($0)) }
    }

    func out(_ line: String) {
        let bytes = Array((harmless(line) + "\n").utf8)
        state.withLock { state in
            if let error = Self.write(bytes, to: STDOUT_FILENO) { state.lose(error) }
        }
    }

    /// Text of the program itself, help for one, as it is.
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

    /// Draws the block in the place of what it was; without lines it is gone.
    ///
    /// - Parameter lines: each shorter than the terminal is wide.
    func draw(_ lines: [String]) {
        state.withLock { state in
            let lines = lines.map { harmless($0) }
            guard lines != state.block else { return }
            let text = LiveBlock.change(from: state.block, to: lines, columns: Terminal.columns)
            state.block = lines
            _ = Self.write(Array(text.utf8), to: STDERR_FILENO)
        }
    }

    /// The block stays where it is as it is, and the next one is drawn below: somebody else has written in between.
    func abandonBlock() { state.withLock { $0.block = [] } }

    /// - Returns: the `errno` of what could not be written.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
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
                return errno
            }
        }
        return nil
    }
}

// The C call, whose name the method above takes for itself.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
