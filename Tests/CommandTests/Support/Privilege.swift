import Foundation

/// What this process may do to the machine, beyond being root: a container's root often may not.
enum Privilege {
    static let mountsAndNetworks =
        "needs root with the rights to mount and to make networks (CAP_SYS_ADMIN, CAP_NET_ADMIN)"

    /// Whether file systems can be mounted, and networks made.
    static let canMountAndMakeNetworks: Bool = {
        guard let status = FileManager.default.contents(atPath: "/proc/self/status") else { return false }
        let lines = String(decoding: status, as: UTF8.self).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("CapEff:") }),
            let effective = UInt64(line.dropFirst(7).trimmingCharacters(in: .whitespaces), radix: 16)
        else { return false }
        // capabilities(7): CAP_NET_ADMIN is 12, CAP_SYS_ADMIN 21.
        return [12, 21].allSatisfy { effective >> $0 & 1 == 1 } && access("/dev/net/tun", R_OK | W_OK) == 0
    }()
}
