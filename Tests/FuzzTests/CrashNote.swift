import Glibc

/// What is written if the process dies of a trap: which input did it, and how to run it again.
enum CrashNote {
    private static let capacity = 64 << 10
    // The signal handler may call nothing but write(2): it reads what stands ready here. Written by one test at a time (the suite is
    // serialized), read by the thread that traps.
    nonisolated(unsafe) private static let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: capacity)
    nonisolated(unsafe) private static var length = 0

    /// Has the handler put in place once.
    private static let handler: Void = {
        // Those of Swift's traps; the others are the sanitizers'.
        for number in [SIGILL, SIGTRAP, SIGABRT] {
            signal(number) { number in
                _ = write(STDERR_FILENO, CrashNote.buffer, CrashNote.length)
                // Then die of it as before.
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }()

    static func set(_ text: String) {
        _ = handler
        length = 0
        for byte in ("\n" + text + "\n").utf8.prefix(capacity) {
            buffer[length] = CChar(bitPattern: byte)
            length += 1
        }
    }

    static func clear() { length = 0 }
}
