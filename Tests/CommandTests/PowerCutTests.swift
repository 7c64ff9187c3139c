import FaultServer
import Foundation
import Testing

/// Power cuts on a real file system: what was reported as published is there, and nothing else has a final name.
/// `Benchmarks/powercuts.py` does the same some hundred times, at random moments.
@Suite(
    .timeLimit(.minutes(10)),
    .enabled(if: LoopDisk.isPossible, "a power cut takes root, loop devices and mkfs.ext4"))
struct PowerCutTests {
    private static let model = TestModel(
        [
            "weights.bin": 200_000, "more/a": 40_000, "more/b": 35_000, "more/c": 30_000, "d": 28_000, "e": 26_000,
            "f": 24_000, "g": 22_000, "h": 20_000, "i": 18_000, "j": 16_000, "k": 14_000, "checkpoint": 77,
        ], marker: "checkpoint")

    /// Where the power goes: at the first, or so manieth, line of a run that holds this.
    private static let moments = [
        (#""phase":"publishing""#, 1), (#""event":"file""#, 1), (#""event":"file""#, 2), (#""phase":"publishing""#, 2),
        (#""event":"file""#, 1),
    ]

    /// The largest file comes so slowly that no run ends before its power does.
    private static let script: FaultScript = [.on(.rate(300_000)), .on(path: "weights.bin", .rate(10_000))]

    @Test func `what was reported as published survives a power cut, and is not fetched again`() async throws {
        try await withServer(Self.model, script: Self.script) { workspace, server in
            try await LoopDisk.run(at: workspace.directory) { disk in
                var published: Set<String> = []
                for (index, moment) in Self.moments.enumerated() {
                    let requests = server.log.count
                    // Those that are there already are reported at once.
                    let number = moment.1 + (moment.0.contains("file") ? published.count : 0)
                    let child = try workspace.start(workspace.download(from: server, "--json", "--retries", "1"))
                    try await poll("\(moment)") {
                        let lines = child.outputSoFar.split(separator: "\n")
                        // On a busy machine they may all have come since the last look; then this is the moment.
                        return !child.isRunning || lines.count { $0.contains(moment.0) } >= number
                            || lines.count { $0.contains(#""event":"file""#) } == Self.model.files.count - 2
                    }
                    #expect(child.isRunning, "the cut is to come before the end")
                    try disk.cutPower()
                    if index.isMultiple(of: 2) { child.kill(SIGKILL) }
                    let result = try await child.wait()
                    #expect(result.status == 73 || result.ending == .killed(SIGKILL), "\(result.ending) \(result.err)")
                    try await disk.powerUp()
                    expectNoRequests(for: published, in: server.log[requests...])
                    published.formUnion(try Self.published(in: result))
                    expectRight(published, workspace)
                    workspace.expectNothingWrong()
                }
                #expect(published.count >= 3)
                let requests = server.log.count
                server.replace(script: .honest)
                #expect(try await workspace.run(workspace.download(from: server)).status == 0)
                expectNoRequests(for: published, in: server.log[requests...])
                try disk.cutPower()
                try await disk.powerUp()
                workspace.expectWhole()
                // The receipts are durable, too: nothing is fetched or hashed.
                let again = try await workspace.run(workspace.download(from: server, "--json"))
                #expect(Set(try again.report().states.values) == ["skipped"], "\(again.out)")
                #expect(!again.out.contains(#""phase":"hashing""#), "\(again.out)")
            }
        }
    }

    /// The files that a run says are there, when it was cut off in the middle of a line, too.
    private static func published(in result: Child.Result) throws -> [String] {
        try result.lines.filter { $0.hasSuffix("}") }.map { try JSONLine($0) }
            .filter { $0.event == "file" && !["failed", "held"].contains($0.string("state")) }
            .compactMap { $0.string("path") }
    }

    private func expectRight(
        _ files: Set<String>, _ workspace: Workspace, _ location: SourceLocation = #_sourceLocation
    ) {
        for (name, file) in Self.model.files where files.contains(name) {
            let actual = workspace.contents(name).map { digest(of: $0) }
            #expect(actual == file.sha256, "\(name) was reported as published", sourceLocation: location)
        }
    }

    private func expectNoRequests(
        for files: Set<String>, in log: ArraySlice<RequestRecord>, _ location: SourceLocation = #_sourceLocation
    ) {
        for record in log { #expect(!files.contains(record.path), "fetched again", sourceLocation: location) }
    }
}
