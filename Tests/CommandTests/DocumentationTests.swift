import FaultServer
import Foundation
import Testing

/// The documents say what the program does: held against its source and its output.
@Suite(.timeLimit(.minutes(10)))
struct DocumentationTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    @Test func `every event that the program prints is documented, and no other`() throws {
        let sources = Self.root.appendingPathComponent("Sources/ModelFetchCommand")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var printed: Set<String> = []
        for case let file as URL in files where file.pathExtension == "swift" {
            let source = try String(contentsOf: file, encoding: .utf8)
            for match in source.matches(of: /"event": "([a-z_]+)"/) { printed.insert(String(match.1)) }
        }
        #expect(printed.count > 10)
        let headings = try Self.text("docs/events.md").matches(of: /(?m)^### `([a-z_]+)`/).map { String($0.1) }
        #expect(Set(headings) == printed)
    }

    @Test func `the examples of events are JSON with the event's name`() throws {
        let document = try Self.text("docs/events.md")
        for section in document.components(separatedBy: "\n### `").dropFirst() {
            let name = String(section.prefix { $0 != "`" })
            let lines = section.split(separator: "\n").filter { $0.hasPrefix("{") }
            #expect(!lines.isEmpty, "\(name) has no example")
            for line in lines {
                let event = try JSONLine(line)
                #expect(event.event == name)
                if name == "report" { event.expectReportFields() }
            }
        }
    }

    @Test func `every field of every event of a real run is documented with it`() async throws {
        let document = try Self.text("docs/events.md")
        var sections: [String: String] = [:]
        for section in document.components(separatedBy: "\n### `").dropFirst() {
            sections[String(section.prefix { $0 != "`" })] = section
        }
        try await withServer(script: [.on(path: "weights.bin", request: 0, .drop(after: 9999))]) { workspace, server in
            try workspace.write([1], to: "model/config.json")
            let runs = [
                workspace.download(from: server, "--json", "--retry-delay", "0"), ["list", "--json"],
                workspace.download(from: server, "--json", "--dry-run"),
                ["verify", "--json", workspace.directory, workspace.path],
            ]
            for arguments in runs {
                for event in try await workspace.run(arguments).events() {
                    let section = try #require(sections[event.event ?? ""])
                    for key in event.keys.subtracting(["event"]) {
                        #expect(section.contains("`\(key)`"), "\(event.event ?? "?"): \(key)")
                    }
                }
            }
        }
    }

    @Test func `every exit status has its row`() throws {
        let document = try Self.text("docs/exit-codes.md")
        for status in [0, 64, 65, 66, 69, 73, 75, 76, 129, 130, 143] {
            #expect(document.contains("| \(status) |"), "\(status)")
        }
    }
}
