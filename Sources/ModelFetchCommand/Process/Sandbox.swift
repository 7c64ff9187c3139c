internal import CLinux
internal import Glibc
internal import ModelFetch

/// Gives up, by the kernel's word, every right to write files but those beneath one directory: landlock(7).
///
/// The program does not write elsewhere; this is for the day on which somebody finds out how to make it. Reading stays free, and
/// so does what is open already: stdout and stderr, wherever they go. What Landlock knows nothing of is not given up: modes,
/// owners, times and extended attributes.
enum Sandbox {
    /// Where files may still be made, written, renamed and removed.
    enum Place: Sendable {
        case nowhere
        /// Beneath a directory that is there.
        case beneath(String)
    }

    /// Of the kernel's interface; not above 0 where there is none.
    static var version: Int32 { clinux_landlock_version() }

    /// Confines the calling thread and every thread that it makes from now on: to be called while there are no others.
    ///
    /// A kernel without Landlock is no error: the program is no worse there than it was before.
    ///
    /// - Returns: what came of it, in a sentence.
    static func confine(to place: Place) -> String {
        let version = version
        guard version > 0 else { return isNot("the kernel has no Landlock, or it is switched off") }
        let rights = clinux_landlock_write_rights(version)
        let rules = clinux_landlock_create(rights)
        guard rules >= 0 else { return isNot(failed("landlock_create_ruleset")) }
        defer { close(rules) }
        let words: String
        switch place {
        case .nowhere: words = "nothing can be written"
        case .beneath(let path):
            if let reason = allow(rights, beneath: path, in: rules) { return isNot(reason) }
            words = "nothing can be written but in \(printable(path, limit: 1024))"
        }
        guard clinux_landlock_restrict(rules) == 0 else { return isNot(failed("landlock_restrict_self")) }
        return "writing is confined: \(words) (Landlock, version \(version))"
    }

    /// - Returns: why that was not possible.
    private static func allow(_ rights: UInt64, beneath path: String, in rules: Int32) -> String? {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return failed("open of \(printable(path, limit: 1024))") }
        defer { close(directory) }
        guard clinux_landlock_allow(rules, directory, rights) == 0 else { return failed("landlock_add_rule") }
        return nil
    }

    private static func isNot(_ reason: String) -> String { "writing is not confined: \(reason)" }
    private static func failed(_ call: String) -> String { "\(call): \(String(cString: strerror(errno)))" }
}
