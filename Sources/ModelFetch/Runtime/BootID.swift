internal import Foundation

/// Tells one boot of the machine from the next.
enum BootID {
    /// Linux's identifier of this boot; `nil` where there is none.
    static func current() -> String? {
        (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .ascii))?
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
