import FaultServer
import Testing

@testable import ModelFetch

@Suite(.timeLimit(.minutes(10))) struct `A file that the manifest does not pin` {
    private static let model = TestModel(files: [.init("vocab.bpe", TestModel.synthetic(70_000, seed: 5))])
    private static let size: Int64 = 70_000
    private static let digest = model.files[0].digest

    private func setup(
        size: Int64? = nil, expecting expected: ManifestFile.Expected? = nil, requireSHA256: Bool = false
    ) throws -> Harness.Setup {
        let manifest = try Self.model.manifest { $0.unpinned(size: size, expecting: expected) }
        return Harness.Setup {
            $0.manifest = manifest
            $0.options.requireSHA256 = requireSHA256
        }
    }

    /// A run from several honest servers.
    private func run(
        servers: Int = 1, _ setup: Harness.Setup, script: FaultScript = .honest, in harness: Harness? = nil
    ) async throws -> (Harness.Outcome, [Int]) {
        let harness = try harness ?? Harness(Self.model)
        var started: [FaultServer] = []
        for _ in 0..<servers { started.append(try await .start(files: Self.model.content, script: script)) }
        let outcome = try await harness.run(from: started.map(\.baseURL), setup: setup)
        for server in started { await server.stop() }
        return (outcome, started.map(\.log.count))
    }

    @Test(
        arguments: [
            (nil, nil, []), (size, nil, ["size"]), (nil, .init(size: size), ["expected size"]),
            (nil, .init(size: size, sha256: digest), ["expected size", "expected sha256"]),
            (size, .init(size: nil, sha256: digest), ["size", "expected sha256"]),
        ] as [(Int64?, ManifestFile.Expected?, [String])])
    func `is taken on what evidence there is`(
        size: Int64?, expected: ManifestFile.Expected?, evidence: [String]
    ) async throws {
        let (outcome, _) = try await run(setup(size: size, expecting: expected))
        let file = outcome.file("vocab.bpe")
        #expect(file.state == .downloaded && !file.isPinned, "\(outcome.report.failures)")
        #expect(file.evidence == evidence && file.sha256 == Self.digest)
    }

    @Test(arguments: [FaultScript.honest, .always(.ignoreRange), [.on(request: 1, .drop(after: 10_000))]])
    func `has the size that its source tells`(script: FaultScript) async throws {
        let (outcome, _) = try await run(setup(), script: script)
        #expect(outcome.report.isOK, "\(outcome.report.failures)")
    }

    @Test func `may be empty`() async throws {
        let model = TestModel(files: [.init("vocab.bpe", [])])
        let harness = try Harness(model)
        try await FaultServer.run(files: model.content) { server in
            let outcome = try await harness.run(server, setup: setup())
            #expect(outcome.report.isOK && harness.folder.bytes("vocab.bpe") == [], "\(outcome.report.failures)")
        }
    }

    @Test func `is refused when one source contradicts the expected size, and taken when two agree`() async throws {
        let wrong = try setup(expecting: .init(size: 4711))
        let (one, asked) = try await run(wrong)
        #expect(one.report.kind == .refused && asked == [1])
        #expect(one.words.contains("4711") && one.words.contains("70000"))
        let (two, _) = try await run(servers: 2, wrong)
        #expect(two.report.isOK, "\(two.report.failures)")
    }

    @Test func `fails when one source contradicts the expected digest, and is taken when two agree`() async throws {
        let wrong = try setup(size: Self.size, expecting: .init(size: nil, sha256: TestModel.other.digest))
        let harness = try Harness(Self.model)
        let (one, asked) = try await run(wrong, in: harness)
        #expect(one.report.kind == .data && asked == [2])
        #expect(!harness.folder.has("vocab.bpe"))
        let twice = try Harness(Self.model)
        let (two, _) = try await run(servers: 2, wrong, in: twice)
        #expect(two.report.isOK, "\(two.report.failures)")
        #expect(two.file("vocab.bpe").evidence == ["size", "two sources with the same sha256"])
        // What they said is not asked again, and is right by it when it is hashed again.
        var rechecking = wrong
        rechecking.options.recheck = true
        let (again, others) = try await run(servers: 2, rechecking, in: twice)
        #expect(again.state("vocab.bpe") == .skipped && others == [0, 0])
    }

    @Test func `does not get the digest from which the expectation was wrong once by being there`() async throws {
        let harness = try Harness(Self.model)
        try harness.folder.put(Self.model)
        let wrong = try setup(size: Self.size, expecting: .init(size: nil, sha256: TestModel.other.digest))
        let (outcome, _) = try await run(wrong, in: harness)
        #expect(outcome.report.kind == .data)
    }

    @Test func `is pinned here once it was seen: a change of it is put right`() async throws {
        let harness = try Harness(Self.model)
        let setup = try setup(size: Self.size)
        #expect(try await run(setup, in: harness).0.state("vocab.bpe") == .downloaded)
        #expect(try await run(setup, in: harness).0.state("vocab.bpe") == .skipped)
        var bytes = Self.model["vocab.bpe"]
        bytes[5] ^= 1
        try harness.folder.put(bytes, "vocab.bpe")
        #expect(try await run(setup, in: harness).0.state("vocab.bpe") == .repaired)
        #expect(harness.folder.digest("vocab.bpe") == Self.digest)
    }

    @Test func `is not fetched where a digest is required`() async throws {
        let (outcome, asked) = try await run(setup(size: Self.size, requireSHA256: true))
        #expect(outcome.report.kind == .data && asked == [0])
        #expect(outcome.report.failure?.message.contains("a test") == true)
    }
}
