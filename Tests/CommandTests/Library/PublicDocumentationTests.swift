import Foundation
import Testing

/// What the library's users read: built with the toolchain's own tools.
@Suite(.timeLimit(.minutes(10))) struct `The library's documentation` {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// A file of the compiler's with all public declarations; as much of it as is needed here.
    private struct SymbolGraph: Decodable {
        struct Symbol: Decodable {
            struct Comment: Decodable {
                struct Line: Decodable { let text: String }
                let lines: [Line]
            }
            let pathComponents: [String]
            let docComment: Comment?
        }
        let symbols: [Symbol]
    }

    @Test(.enabled(if: Program.has("docc") && Program.has("swift-symbolgraph-extract"), "needs docc"))
    func `covers everything public, and builds without a warning`() async throws {
        try await withWorkspace { workspace in
            let output = workspace.path + "/documentation"
            try await Tool.run("sh", [Self.root + "/Tests/Documentation/build", output, Program.built], directory: "/")

            let data = try Data(contentsOf: URL(fileURLWithPath: output + ".symbols/ModelFetch.symbols.json"))
            let symbols = try JSONDecoder().decode(SymbolGraph.self, from: data).symbols
            let names = Set(symbols.map { $0.pathComponents.joined(separator: ".") })
            // As many as there are, and some that must be among them.
            #expect(names.count > 150)
            #expect(names.isSuperset(of: ["ModelDownload", "DownloadEvents.Iterator", "Failure.Kind.data"]))
            for symbol in symbols {
                // A word is no sentence.
                let text = symbol.docComment?.lines.map(\.text).joined(separator: " ") ?? ""
                #expect(text.contains(" "), "\(symbol.pathComponents.joined(separator: ".")) has no comment")
            }

            let pages = try FileManager.default.subpathsOfDirectory(atPath: output + "/data/documentation")
            #expect(pages.contains("modelfetch/downloadingamodel.json"))
        }
    }
}
