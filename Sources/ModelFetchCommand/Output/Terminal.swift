internal import Foundation
internal import Glibc
internal import Synchronization

/// What stands at the other end of stderr.
enum Terminal {
    static var isThere: Bool { isatty(STDERR_FILENO) == 1 }

    /// Whether lines can be drawn over there, and are wanted so: not where they are kept (CI), nor on a terminal that says of
    /// itself that it cannot. `NO_COLOR` is about colours (https://no-color.org), of which there are none.
    static func suitsDrawing(
        isTerminal: Bool = isThere, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Bool {
        func isSet(_ name: String) -> Bool { environment[name].map { !$0.isEmpty } ?? false }
        guard isTerminal, let kind = environment["TERM"], !kind.isEmpty, kind != "dumb" else { return false }
        return !isSet("CI") || environment["CI"] == "false"
    }

    /// What the locale's characters allow to be drawn (locale(7)).
    static func glyphs(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> Glyphs {
        let names = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.filter { !$0.isEmpty }
        let locale = names.first?.lowercased() ?? ""
        return locale.contains("utf-8") || locale.contains("utf8") ? .unicode : .ascii
    }

    static var columns: Int { size.columns }

    /// The window as it is now (tty_ioctl(4)), or else what the environment says, or 80 by 24.
    static var size: (columns: Int, rows: Int) {
        var window = winsize()
        if ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 {
            return (Int(window.ws_col), Int(window.ws_row))
        }
        return (number("COLUMNS") ?? 80, number("LINES") ?? 24)
    }

    /// Whether we are the ones whom the terminal is for right now: what runs in the background draws nothing over the shell.
    static var isOurs: Bool {
        let foreground = tcgetpgrp(STDERR_FILENO)
        return foreground < 0 || foreground == getpgrp()
    }

    private static func number(_ name: String) -> Int? {
        getenv(name).flatMap { Int(String(cString: $0)) }.flatMap { (1...10_000).contains($0) ? $0 : nil }
    }

    // MARK: Coming back

    private static let continuations = Atomic<Int>(0)

    /// How often the process was stopped and went on; others have written to the terminal in between.
    static var timesContinued: Int { continuations.load(ordering: .relaxed) }

    /// From now on that is counted.
    static func watchContinuations() {
        // Before the handler looks at it, since what is lazy is no business of a handler's.
        _ = timesContinued
        // A lock-free counter is all that it touches (signal-safety(7)).
        signal(SIGCONT) { _ in Terminal.continuations.add(1, ordering: .relaxed) }
    }
}
