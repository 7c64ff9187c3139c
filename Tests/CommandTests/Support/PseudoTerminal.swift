import Foundation
import Synchronization

/// A terminal of which a test holds the other end (pty(7)): what the program draws can be looked at, and keys can be typed.
final class PseudoTerminal: Sendable {
    /// What the program opens.
    let path: String
    private let master: Int32
    private let output = Mutex(Output())

    private struct Output {
        var bytes: [UInt8] = []
        /// How much there was after each read, which is about once for every drawing.
        var marks: [Int] = []
    }

    init(columns: Int, rows: Int) throws {
        // What posix_openpt(3), unlockpt(3) and ptsname(3) do, which glibc's headers show to C programs of another dialect only:
        // TIOCSPTLCK and TIOCGPTN (ioctl_tty(2)).
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (number, isLocked): (UInt32, Int32) = (0, 0)
        guard master >= 0, ioctl(master, 0x4004_5431, &isLocked) == 0, ioctl(master, 0x8004_5430, &number) == 0 else {
            throw Child.Failed(description: "no pseudo-terminal: \(String(cString: strerror(errno)))")
        }
        path = "/dev/pts/\(number)"
        resize(columns: columns, rows: rows)
        // Somebody must hold the slave open, or reading ends before the program has begun.
        let slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        let master = master
        Thread.detachNewThread { [weak self] in
            var bytes = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(master, &bytes, bytes.count)
                guard count > 0, let self else { break }
                self.output.withLock { output in
                    output.bytes += bytes[..<count]
                    output.marks.append(output.bytes.count)
                }
            }
            close(slave)
            close(master)
        }
    }

    deinit {
        // Wakes the reader, whose last read finds nobody who wants it.
        _ = write(master, "\n", 1)
    }

    func resize(columns: Int, rows: Int) {
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    /// Prints as another program would that has the terminal, too.
    func print(_ text: String) {
        let slave = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC)
        _ = write(slave, text, text.utf8.count)
        close(slave)
    }

    func type(_ keys: String) { _ = write(master, keys, keys.utf8.count) }

    /// All that was printed so far.
    var text: String { output.withLock { String(decoding: $0.bytes, as: UTF8.self) } }

    /// What stands on the screen now.
    func screen(columns: Int, rows: Int) throws -> Screen {
        var screen = Screen(columns: columns, rows: rows)
        try screen.show(text)
        return screen
    }

    /// The first moment so far at which the screen met a condition, however long ago; `nil` if there was none.
    func moment(columns: Int, rows: Int, where condition: ([String]) -> Bool) throws -> [String]? {
        let output = output.withLock { $0 }
        var screen = Screen(columns: columns, rows: rows)
        var shown = 0
        for mark in output.marks {
            try screen.show(String(decoding: output.bytes[shown..<mark], as: UTF8.self))
            shown = mark
            if condition(screen.lines) { return screen.lines }
        }
        return nil
    }
}
