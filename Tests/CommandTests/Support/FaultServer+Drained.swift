import FaultServer
import Foundation

extension FaultServer {
    /// Waits until a reply has come to its scripted stall and its client has taken every byte of it from the kernel.
    func waitForStall(of path: String) async throws {
        try await wait { log in log.contains { $0.path == path && $0.stalled } }
        try await poll("the client to take what was sent") { isDrained }
    }

    /// Whether nothing is on its way on any of the server's connections, as the kernel has it (proc(5), /proc/net/tcp).
    private var isDrained: Bool {
        guard let table = FileManager.default.contents(atPath: "/proc/net/tcp") else { return true }
        let port = ":" + String(format: "%04X", port)
        for line in String(decoding: table, as: UTF8.self).split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ")
            // Local address, remote address, state (0A listens), and the two queues.
            guard fields.count > 4, fields[1].hasSuffix(port) || fields[2].hasSuffix(port), fields[3] != "0A" else {
                continue
            }
            if fields[4] != "00000000:00000000" { return false }
        }
        return true
    }
}
