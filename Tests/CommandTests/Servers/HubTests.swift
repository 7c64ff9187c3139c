import FaultServer
import Foundation
import Hashing
import Testing

/// The Hugging Face Hub keeps small files itself and sends for large ones to a store elsewhere, by an address whose signature
/// expires.
@Suite(.timeLimit(.minutes(10)))
struct HubTests {
    private static let model = TestModel(
        ["weights.bin": 1_500_000, "vocab.json": 10_423, "checkpoint": 77], marker: "checkpoint")
    private static let path = "rasbt/gpt2-tensorflow/resolve/main/124M/"
    /// What the store says of an address that is too old.
    private static let expired = Fault.status(
        403,
        body: "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>AccessDenied</Code>"
            + "<Message>Request has expired</Message></Error>")

    /// The redirect with which the hub answers for a large file.
    private static func redirect(to store: FaultServer, signature: String) -> [Fault] {
        let file = model.files[0].file
        return [
            .redirect(to: store.baseURL + "{target}?X-Amz-Expires=3600&X-Amz-Signature=\(signature)"),
            .header("X-Repo-Commit", "0c4b5d4c3d3f8a2d6f1c9f0a7b8e6d5c4b3a2f1e"),
            .header("X-Linked-Size", "\(file.served.size)"), .header("X-Linked-Etag", "\"\(file.sha256.hex)\""),
            .header("Accept-Ranges", "bytes"), .header("Vary", "Origin, Accept"),
        ]
    }

    /// - Parameters:
    ///   - signatures: with which the hub signs the large file's address, the last one for good.
    ///   - rules: what the store does.
    private func withHub(
        signatures: [String] = ["fresh"], store rules: [FaultRule],
        _ body: (Workspace, _ hub: FaultServer, _ store: FaultServer, (String...) -> [String]) async throws -> Void
    ) async throws {
        try await withWorkspace(Self.model) { workspace in
            let files = Self.model.content(below: Self.path)
            try await FaultServer.run(files: files, script: FaultScript(rules), address: "127.0.0.2") { store in
                let script = signatures.enumerated().map { index, signature in
                    FaultRule(
                        path: "*/weights.bin", requests: index...(index + 1 == signatures.count ? .max : index),
                        faults: Self.redirect(to: store, signature: signature))
                }
                try await FaultServer.run(files: files, script: FaultScript(script)) { hub in
                    try await body(workspace, hub, store) { (more: String...) in
                        let base = hub.baseURL + Self.path
                        return ["--manifest", "test.json", "model", "--source", base]
                            + ["--retry-delay", "0.01", "--connections", "1"] + more
                    }
                }
            }
        }
    }

    private func signatures(_ requests: [RequestRecord]) -> [String] {
        requests.map { String($0.target.split(separator: "=").last ?? "") }
    }

    @Test func `small files come from the hub, large ones from the store, and a drop goes on there`() async throws {
        // The store's tag is another than the hub's, and a weak one: it vouches for nothing.
        try await withHub(store: [
            .on(.weakETag, .noLastModified), .on(path: "*/weights.bin", request: 0, .drop(after: 600_000)),
        ]) { workspace, hub, store, arguments in
            let result = try await workspace.run(arguments("--json"))
            #expect(result.status == 0, "\(result.err)")
            workspace.expectWhole()
            #expect(try result.report().int("bytes_downloaded") == Self.model.bytes)
            #expect(store.log.map { $0.header("Range") } == [nil, "bytes=600000-1499999"])
            #expect(store.log.allSatisfy { $0.header("If-Range") == nil })
            #expect(hub.log.count { $0.status == 302 } == 1, "where it leads is known")
        }
    }

    @Test func `an address whose signature has expired is asked for again, and every byte comes once`() async throws {
        // "old" is good for one request; then the hub, or a cache before it, hands it out once more.
        try await withHub(
            signatures: ["old", "old", "new"],
            store: [
                .on(path: "*/weights.bin", request: 0, .drop(after: 600_000)),
                .on(path: "*/weights.bin", request: 1, Self.expired),
            ]
        ) { workspace, hub, store, arguments in
            let result = try await workspace.run(arguments("--json", "--retries", "0"))
            #expect(result.status == 69, "\(result.err)")
            let again = try await workspace.run(arguments("--json", "--retries", "0"))
            #expect(again.status == 0, "\(again.err)")
            workspace.expectWhole()
            #expect(store.log.map(\.status) == [200, 403, 206])
            #expect(signatures(store.log) == ["old", "old", "new"])
            #expect(hub.log.count { $0.status == 302 } == 3)
            #expect(try again.report().int("bytes_downloaded") == 900_000)
        }
    }

    @Test func `a signature that expires again and again is renewed each time`() async throws {
        // Every signature is good for one request, and brings a piece of the file.
        let rules: [FaultRule] = (0..<4).flatMap { piece -> [FaultRule] in
            [
                .on(path: "*/weights.bin", request: 2 * piece, .drop(after: 300_000)),
                .on(path: "*/weights.bin", request: 2 * piece + 1, Self.expired),
            ]
        }
        let signatures = ["0"] + (0..<4).flatMap { ["\($0)", "\($0 + 1)"] }
        try await withHub(signatures: (0...4).map { "\($0)" }, store: rules) { workspace, hub, store, arguments in
            let result = try await workspace.run(arguments("--json"))
            #expect(result.status == 0, "\(result.err)")
            workspace.expectWhole()
            #expect(store.log.map(\.status) == [200, 403, 206, 403, 206, 403, 206, 403, 206])
            #expect(self.signatures(store.log) == signatures)
            #expect(try result.report().int("bytes_downloaded") == Self.model.bytes)
        }
    }

    @Test func `a store that denies all addresses is given up, and received bytes are kept`() async throws {
        try await withHub(store: [
            .on(path: "*/weights.bin", request: 0, .drop(after: 600_000)),
            .on(path: "*/weights.bin", requests: 1...99, Self.expired),
        ]) { workspace, _, store, arguments in
            let result = try await workspace.run(arguments())
            #expect(result.status == 69, "\(result.err)")
            #expect(result.err.contains("600.0 kB of 1.5 MB is kept"), "\(result.err)")
            // It has given a part of the file, so it is asked again: at the known address and two new ones, then at two new ones each time.
            let statuses = store.log.map(\.status)
            #expect(statuses.first == 200 && statuses.count > 3 && statuses.count % 2 == 0)
            #expect(statuses.dropFirst().allSatisfy { $0 == 403 })
            store.replace(script: .honest)
            #expect(try await workspace.run(arguments("--json")).report().int("bytes_downloaded") == 900_000)
            workspace.expectWhole()
        }
    }
}
