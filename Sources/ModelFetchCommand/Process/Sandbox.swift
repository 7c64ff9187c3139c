internal import CLinux
internal import Glibc
internal import ModelFetch

/// Has the kernel deny all writing except beneath one directory: landlock(7).
///
/// The program does not write elsewhere anyway; this limits the damage of an attack that could make it. Reading stays allowed, and so
/// do open files such as stdout and stderr. Landlock does not cover modes, owners, times and extended attributes.
enum Sandbox {
    /// Where files may still be created, written, renamed and removed.
    enum Place: Sendable {
        case nowhere
        /// Beneath an existing directory.
        case beneath(String)
    }

    /// The version of the kernel's interface; 0 or less if there is none.
    static var version: Int32 { clinux_landlock_version() }

    /// Confines the calling thread and the threads that it starts from now on. Call this while there are no others.
    ///
    /// A kernel without Landlock is not an error.
    ///
    /// - Returns: the result, in a sentence.
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

    /// - Returns: why that failed; `nil` if it did not.
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
