import FaultServer
import Foundation
import Testing

/// The official host of the GPT-2 files is a blob store of Azure: its header fields, its errors in XML, and its way to be busy.
@Suite(.timeLimit(.minutes(10)))
struct BlobStoreTests {
    private static let model = TestModel(
        ["weights.bin": 1_500_000, "encoder.json": 10_423, "empty": 0, "checkpoint": 77], marker: "checkpoint")
    private static let path = "gpt-2/models/124M/"
    private static let tag = "\"0x8D8B5C6F2A3E1F0\""
    /// Of a blob, or of an error: these stand in every answer.
    private static let everywhere: [Fault] = [
        .header("Server", "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0"),
        .header("x-ms-request-id", "5b3a9c0e-d01e-0023-7d1f-9f2c0a000000"), .header("x-ms-version", "2009-09-19"),
    ]
    private static let blob: [Fault] =
        everywhere + [
            .etag(value: tag), .lastModified(value: "Tue, 01 Dec 2020 18:05:44 GMT"),
            .header("Content-MD5", "9Iuc8aUlpgO+UiWPab+RYg=="),
            .header("x-ms-blob-content-md5", "9Iuc8aUlpgO+UiWPab+RYg=="), .header("x-ms-lease-status", "unlocked"),
            .header("x-ms-blob-type", "BlockBlob"),
        ]

    private static func error(_ status: Int, _ code: String, _ message: String) -> [Fault] {
        let body = """
            \u{FEFF}<?xml version="1.0" encoding="utf-8"?><Error><Code>\(code)</Code><Message>\(message)
            RequestId:5b3a9c0e-d01e-0023-7d1f-9f2c0a000000</Message></Error>
            """
        return everywhere + [
            .status(status, body: body), .header("x-ms-error-code", code), .removeHeader(name: "Content-Type"),
            .header("Content-Type", "application/xml"),
        ]
    }

    private func withStore(
        _ rules: [FaultRule] = [], _ body: (Workspace, FaultServer, (String...) -> [String]) async throws -> Void
    ) async throws {
        try await withWorkspace(Self.model) { workspace in
            let script = FaultScript([FaultRule(faults: Self.blob)] + rules)
            var files = ["other": ServedFile.synthetic(size: 1_500_000, seed: 99)]
            for (name, file) in Self.model.files { files[Self.path + name] = file.served }
            try await FaultServer.run(files: Content(files), script: script) { server in
                try await body(workspace, server) { (more: String...) in
                    let base = server.baseURL + Self.path
                    return ["--manifest", "test.json", "model", "--source", base, "--retry-delay", "0.01"] + more
                }
            }
        }
    }

    @Test func `a blob that breaks off and a store that is busy cost no byte, and the tag vouches for the rest`()
        async throws
    {
        let rules: [FaultRule] = [
            .on(path: "*/weights.bin", request: 0, .drop(after: 700_000)),
            FaultRule(
                path: "*/weights.bin", requests: 1...1,
                faults: Self.error(503, "ServerBusy", "The server is currently unable to receive requests.")),
            .on(path: "*/weights.bin", request: 2, .drop(after: 300_000)),
        ]
        try await withStore(rules) { workspace, server, arguments in
            let result = try await workspace.run(arguments("--json", "--connections", "1"))
            #expect(result.status == 0, "\(result.err)")
            workspace.expectWhole()
            let requests = server.requests(path: Self.path + "weights.bin")
            #expect(requests.map(\.status) == [200, 503, 206, 206])
            #expect(
                requests.map { $0.header("Range") } == [
                    nil, "bytes=700000-1499999", "bytes=700000-1499999", "bytes=1000000-1499999",
                ])
            #expect(requests.map { $0.header("If-Range") } == [nil, Self.tag, Self.tag, Self.tag])
            #expect(try result.report().int("bytes_downloaded") == Self.model.bytes)
        }
    }

    @Test func `an interrupted run resumes under the same ETag`() async throws {
        try await withStore([.on(path: "*/weights.bin", .hold(at: 800_000))]) {
            workspace, server, arguments in
            let child = try workspace.start(arguments())
            try await poll("the bytes") { (workspace.contents("weights.bin.partial")?.count ?? 0) == 800_000 }
            child.kill(SIGINT)
            try await child.wait()
            server.openGates()
            let report = try await workspace.run(arguments("--json")).report()
            #expect(report.int("exit_code") == 0 && report.states["weights.bin"] == "resumed")
            let last = try #require(server.requests(path: Self.path + "weights.bin").last)
            #expect(last.status == 206 && last.header("If-Range") == Self.tag)
            workspace.expectWhole()
        }
    }

    /// Scripts used to save such a text, 215 bytes of it, under the name of a model's file.
    @Test(arguments: [(404, "BlobNotFound"), (409, "PublicAccessNotPermitted"), (200, "AccountIsDisabled")])
    func `an XML error document is not taken for a file, whatever its status`(status: Int, code: String) async throws {
        try await withStore([FaultRule(path: "*/weights.bin", faults: Self.error(status, code, "No."))]) {
            workspace, server, arguments in
            let result = try await workspace.run(arguments("--retries", "1"))
            #expect([69, 76].contains(result.status), "\(result.err)")
            workspace.expectNothingWrong()
            #expect(
                !workspace.exists("weights.bin") && !workspace.exists("checkpoint") && workspace.exists("encoder.json"))
            server.replace(script: FaultScript([FaultRule(faults: Self.blob)]))
            #expect(try await workspace.run(arguments()).status == 0)
            workspace.expectWhole()
        }
    }

    @Test func `a blob that was overwritten between two attempts is never mixed with the first`() async throws {
        let rules: [FaultRule] = [
            .on(path: "*/weights.bin", request: 0, .drop(after: 700_000)),
            .on(
                path: "*/weights.bin", requests: 1...99, .content(of: "other", keepValidators: true),
                .etag(value: "\"0x8D9000000000000\"")),
        ]
        try await withStore(rules) { workspace, server, arguments in
            let result = try await workspace.run(arguments())
            #expect(result.status == 65, "\(result.err)")
            #expect(!workspace.exists("weights.bin") && !workspace.exists("checkpoint"))
            server.replace(script: FaultScript([FaultRule(faults: Self.blob)]))
            #expect(try await workspace.run(arguments()).status == 0)
            workspace.expectWhole()
        }
    }
}
