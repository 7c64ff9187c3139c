internal import Foundation
internal import Glibc
internal import Synchronization

/// The terminal behind stderr, if there is one.
enum Terminal {
    static var isThere: Bool { isatty(STDERR_FILENO) == 1 }

    /// Whether lines can be redrawn in place, and should be: not in the logs of `CI`, nor on a dumb terminal. `NO_COLOR` is about
    /// colours (https://no-color.org), and there are none.
    static func suitsDrawing(
        isTerminal: Bool = isThere, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Bool {
        func isSet(_ name: String) -> Bool { environment[name].map { !$0.isEmpty } ?? false }
        guard isTerminal, let kind = environment["TERM"], !kind.isEmpty, kind != "dumb" else { return false }
        return !isSet("CI") || environment["CI"] == "false"
    }

    /// The glyphs that the locale has (locale(7)).
    static func glyphs(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> Glyphs {
        let names = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.filter { !$0.isEmpty }
        let locale = names.first?.lowercased() ?? ""
        return locale.contains("utf-8") || locale.contains("utf8") ? .unicode : .ascii
    }

    static var columns: Int { size.columns }

    /// The size of the window (tty_ioctl(4)); without one, the size in the environment, or 80 by 24.
    static var size: (columns: Int, rows: Int) {
        var window = winsize()
        if ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 {
            return (Int(window.ws_col), Int(window.ws_row))
        }
        return (number("COLUMNS") ?? 80, number("LINES") ?? 24)
    }

    /// Whether the process is in the foreground. A process in the background must not draw over the shell.
    static var isOurs: Bool {
        let foreground = tcgetpgrp(STDERR_FILENO)
        return foreground < 0 || foreground == getpgrp()
    }

    private static func number(_ name: String) -> Int? {
        getenv(name).flatMap { Int(String(cString: $0)) }.flatMap { (1...10_000).contains($0) ? $0 : nil }
    }

    // MARK: Stops

    private static let continuations = Atomic<Int>(0)

    /// How often the process was stopped and continued; other programs may have written to the terminal each time.
    static var timesContinued: Int { continuations.load(ordering: .relaxed) }

    /// Starts to count them.
    static func watchContinuations() {
        // A handler must not be the first to access it, since that would initialize it.
        _ = timesContinued
        // It touches only a lock-free counter (signal-safety(7)).
        signal(SIGCONT) { _ in Terminal.continuations.add(1, ordering: .relaxed) }
    }
}
