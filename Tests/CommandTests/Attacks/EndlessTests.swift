import FaultServer
import Foundation
import Testing

/// Answers without end or measure: each ends soon, takes no memory to speak of, and leaves nothing wrong.
@Suite(.timeLimit(.minutes(10)))
struct EndlessTests {
    static let refused: [[Fault]] = [
        [.endlessHeaders], [.hugeHeader(bytes: 10 << 20)], [.interim(status: 103, count: 100_000)],
        [.gzip], [.gzip, .contentEncoding(value: "gzip, gzip, gzip, gzip, gzip, gzip")],
        [.contentEncoding(value: "zstd")],
        [.header("Transfer-Encoding", "gzip, chunked")], [.redirectLoop()],
        [.contentLength(value: "99999999999999999999999999")], [.contentLength(value: "-1")],
        [.contentLengths(values: ["{length}", "9223372036854775807"])],
    ]

    @Test(arguments: refused)
    func `responses with features that no file needs are refused at once`(faults: [Fault]) async throws {
        let script = FaultScript([FaultRule(path: "weights.bin", faults: faults)])
        try await withServer(script: script) { workspace, server in
            let result = try await workspace.run(workspace.download(from: server))
            #expect(result.status == 76, "\(result.ending) \(result.err)")
            #expect(server.log.count { $0.path == "weights.bin" } <= 11)
            #expect(!workspace.exists("weights.bin") && !workspace.exists("weights.bin.partial.gz"))
            workspace.expectNothingWrong()
        }
    }

    @Test(
        arguments: [
            [.endlessBody], [.endlessBody, .chunked], [.tinyChunks], [.overrun(by: 1 << 20)],
            [.ignoreRange, .endlessBody, .tinyChunks],
        ] as [[Fault]])
    func `of what follows the file nothing is kept`(faults: [Fault]) async throws {
        let script = FaultScript([FaultRule(path: "weights.bin", faults: faults)])
        try await withServer(script: script) { workspace, server in
            let result = try await workspace.run(workspace.download(from: server))
            #expect(result.status == 0, "\(result.ending) \(result.err)")
            workspace.expectWhole()
        }
    }

    @Test func `a body that never ends is cut off at the end of the file when it is wrong, too`() async throws {
        let script: FaultScript = [.on(path: "weights.bin", .flip(offset: 7, mask: 1), .endlessBody)]
        try await withServer(script: script) { workspace, server in
            let result = try await workspace.run(
                workspace.download(from: server, "--retry-delay", "0", "--retries", "1"))
            #expect(result.status == 76, "\(result.ending) \(result.err)")
            workspace.expectNothingWrong()
            let partial = workspace.contents("weights.bin.partial")?.count ?? 0
            #expect(partial <= 300_000)
        }
    }
}
