import FaultServer
import Foundation
import Testing

/// A model directory in which everybody may write is no safe place for verified files: a person is told.
@Suite(.timeLimit(.minutes(10)))
struct OpenDirectoryTests {
    @Test(
        arguments: [(0o777, true), (0o703, true), (0o1777, false), (0o775, false), (0o755, false), (0o700, false)]
            as [(Int, Bool)])
    func `a world-writable directory causes a warning, and is used`(mode: Int, isOpen: Bool)
        async throws
    {
        try await withServer { workspace, server in
            let manager = FileManager.default
            try manager.createDirectory(atPath: workspace.directory, withIntermediateDirectories: false)
            #expect(chmod(workspace.directory, mode_t(mode)) == 0)
            let words = "\(workspace.directory) is world-writable: anyone could replace these files"
            let plain = try await workspace.run(workspace.download(from: server))
            #expect(plain.status == 0)
            #expect(plain.err.split(separator: "\n").count { $0.hasPrefix("warning: " + words) } == (isOpen ? 1 : 0))
            let json = try await workspace.run(workspace.download(from: server, "--json"))
            let warnings = try json.events().filter { $0.event == "warning" }
            #expect(warnings.count { $0.string("message")?.hasPrefix(words) == true } == (isOpen ? 1 : 0))
            #expect(warnings.count == (isOpen ? 1 : 0))
        }
    }
}
