import Foundation
import Testing

/// The official small files against the built-in manifests. They are not part of this repository: where they lie, and are not there,
/// the test skips.
@Suite(.timeLimit(.minutes(10)))
struct OfficialFilesTests {
    private static let names = [
        "checkpoint", "encoder.json", "hparams.json", "model.ckpt.index", "model.ckpt.meta", "vocab.bpe",
    ]
    /// `$MODELFETCH_GPT2`, or `../shared/gpt2` beside the checkout: a directory a model.
    private static let directory: String = {
        if let directory = ProcessInfo.processInfo.environment["MODELFETCH_GPT2"] { return directory }
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return root.deletingLastPathComponent().appendingPathComponent("shared/gpt2").path
    }()
    private static let isThere = FileManager.default.fileExists(atPath: directory + "/124M/encoder.json")

    @Test(
        .enabled(if: isThere, "the official files are not at \(directory) ($MODELFETCH_GPT2)"),
        .enabled(if: Program.has("nginx"), "nginx is not installed"), arguments: ["124M", "355M", "1558M"])
    func `the official small files are those of the built-in manifest`(size: String) async throws {
        try await withWorkspace { workspace in
            try FileManager.default.createSymbolicLink(
                atPath: workspace.path + "/www", withDestinationPath: Self.directory)
            try await Nginx.run(in: workspace.path) { nginx in
                let only = Self.names.flatMap { ["--only", $0] }
                let source = "http://127.0.0.1:\(nginx.ports[0])/\(size)/"
                let result = try await workspace.run([size, "model", "--source", source, "--json"] + only)
                let report = try result.report()
                #expect(result.status == 0, "\(result.err)")
                #expect(report.files.count == 6)
                for file in report.files {
                    let name = try #require(file.string("path"))
                    #expect(file.bool("pinned") == true)
                    // The marker is held back: the data file is not there.
                    #expect(file.string("state") == (name == "checkpoint" ? "held" : "downloaded"))
                    let official = FileManager.default.contents(atPath: "\(Self.directory)/\(size)/\(name)")
                    let suffix = name == "checkpoint" ? ".partial" : ""
                    let isSame = official.map { [UInt8]($0) } == workspace.contents(name + suffix)
                    #expect(isSame, "\(name)")
                }
                #expect(!workspace.exists("checkpoint"))
            }
        }
    }
}
