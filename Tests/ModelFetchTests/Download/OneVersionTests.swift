import FaultServer
import Foundation
import Hashing
import SeededRandom
import Storage
import Testing

@testable import ModelFetch

/// A file without a digest in the manifest, and sources whose files change: what is published is one version, whole, or nothing.
@Suite(.timeLimit(.minutes(10))) struct `A file that nothing pins` {
    private static let size = 400_000
    private static let versions = (0..<4).map {
        TestModel.File("v\($0)", TestModel.synthetic(size, seed: UInt64($0) + 50))
    }
    private static let model = TestModel(files: [.init("w.bin", versions[0].bytes)])

    private static var content: Content {
        var content = model.content
        for version in versions { content.files[version.path] = version.served }
        return content
    }

    private func setup(retries: Int, expecting: SHA256Digest?) throws -> Harness.Setup {
        let expected = expecting.map { ManifestFile.Expected(size: nil, sha256: $0) }
        let manifest = try Self.model.manifest { $0.unpinned(size: Int64(Self.size), expecting: expected) }
        return Harness.Setup {
            $0.manifest = manifest
            $0.options.retries = retries
        }
    }

    /// What a harness would call wrong is any version here: only mixtures are.
    private func run(
        _ server: FaultServer..., retries: Int = 3, expecting: SHA256Digest? = nil, in harness: Harness
    ) async throws -> DownloadReport {
        let setup = try setup(retries: retries, expecting: expecting)
        let outcome = try await harness.runUnchecked(from: server.map(\.baseURL), setup: setup)
        let bytes = harness.folder.bytes("w.bin")
        #expect(bytes == nil || Self.versions.contains { $0.bytes == bytes }, "a mixture was published")
        if outcome.isOK { #expect(bytes != nil) }
        return outcome
    }

    enum Tags: String, CaseIterable, Sendable {
        case strong, weak, none, flapping

        var faults: [Fault] {
            switch self {
            case .strong: []
            case .weak: [.weakETag]
            case .none: [.noETag, .noLastModified]
            case .flapping: [.flappingETag, .noLastModified]
            }
        }
    }

    @Test(arguments: Tags.allCases, [false, true])
    func `is never a mixture when it changes between two attempts`(tags: Tags, ignoresCondition: Bool) async throws {
        let harness = try Harness(Self.model)
        let always = FaultRule(faults: tags.faults)
        // The second version differs under the tag that the server gives it, and the link drops once more.
        var script: FaultScript = [
            .on(request: 0, .content(of: "v1"), .drop(after: 150_000)), .on(request: 1, .drop(after: 100_000)), always,
        ]
        if ignoresCondition { script = [.on(request: 0, .content(of: "v1"), .drop(after: 150_000)), always] }
        try await FaultServer.run(files: Self.content, script: script) { server in
            let report = try await run(server, in: harness)
            // Sources whose tags flap cannot show anything after a break; but then what they send at once is of one version.
            #expect(report.isOK, "\(report.failures)")
        }
    }

    @Test(arguments: Tags.allCases)
    func `is never a mixture of what two runs received`(tags: Tags) async throws {
        let harness = try Harness(Self.model)
        let always = FaultRule(faults: tags.faults)
        let first: FaultScript = [.on(.content(of: "v1"), .drop(after: 200_000)), always]
        try await FaultServer.run(files: Self.content, script: first) { server in
            let report1 = try await run(server, retries: 0, in: harness)
            #expect(report1.kind == .unavailable)
            server.replace(script: [always])
            let report2 = try await run(server, retries: 0, in: harness)
            #expect(report2.isOK)
            #expect(harness.folder.bytes("w.bin") == Self.versions[0].bytes)
        }
    }

    @Test func `resumes under one strong tag, and costs no byte twice`() async throws {
        let harness = try Harness(Self.model)
        let script: FaultScript = [.on(requests: 0...2, .drop(after: 100_000))]
        try await FaultServer.run(files: Self.content, script: script) { server in
            let report = try await run(server, in: harness)
            #expect(report.isOK && report.bytesDownloaded == Int64(Self.size))
            #expect(server.log.map(\.firstByte) == [0, 100_000, 200_000, 300_000])
        }
    }

    @Test func `is begun anew after a break when the server gives no validator, and given up when that never helps`()
        async throws
    {
        let harness = try Harness(Self.model)
        let once: FaultScript = [.on(.noETag, .noLastModified), .on(request: 0, .drop(after: 300_000))]
        try await FaultServer.run(files: Self.content, script: once) { server in
            let report3 = try await run(server, in: harness)
            #expect(report3.isOK)
            #expect(server.log.map(\.firstByte) == [0, 0])
        }
        let again = try Harness(Self.model)
        let always: FaultScript = [.on(.noETag, .noLastModified, .drop(after: 300_000))]
        try await FaultServer.run(files: Self.content, script: always) { server in
            let report = try await run(server, in: again)
            #expect(report.kind == .unavailable && !again.folder.has("w.bin"))
            #expect("\(report.failures[0])".contains("only a source that sends an ETag"), "\(report.failures)")
            #expect(server.log.count <= 10)
        }
    }

    @Test func `is never put together from two sources`() async throws {
        let harness = try Harness(Self.model)
        let first: FaultScript = [
            .on(request: 0, .content(of: "v1"), .drop(after: 150_000)), .on(requests: 1...99, .status(410)),
        ]
        try await FaultServer.run(files: Self.content, script: first) { one in
            try await FaultServer.run(files: Self.content) { two in
                let report4 = try await run(one, two, retries: 1, in: harness)
                #expect(report4.isOK)
                #expect(harness.folder.bytes("w.bin") == Self.versions[0].bytes)
                #expect(two.log.map(\.firstByte) == [0])
            }
        }
    }

    @Test func `keeps what one source gave while another one does not answer`() async throws {
        let harness = try Harness(Self.model)
        let first: FaultScript = [.on(request: 0, .drop(after: 300_000)), .on(requests: 1...99, .status(503))]
        try await FaultServer.run(files: Self.content, script: first) { one in
            try await FaultServer.run(files: Self.content, script: .always(.status(404))) { two in
                let report = try await run(one, two, retries: 1, in: harness)
                #expect(report.kind == .unavailable)
                one.replace(script: .honest)
                let again = try await run(one, two, retries: 1, in: harness)
                #expect(again.isOK && again.bytesReused == 300_000, "\(again.failures)")
            }
        }
    }

    @Test func `is asked of the next source when one never shows that its file stays the same`() async throws {
        let harness = try Harness(Self.model)
        let first: FaultScript = [.on(.noETag, .noLastModified, .drop(after: 300_000))]
        try await FaultServer.run(files: Self.content, script: first) { one in
            try await FaultServer.run(files: Self.content) { two in
                let report = try await run(one, two, retries: 2, in: harness)
                #expect(report.isOK && two.log.count == 1, "\(report.failures)")
            }
        }
    }

    @Test func `waits for no source while another one can be asked and nothing is here yet`() async throws {
        let harness = try Harness(Self.model)
        let busy: FaultScript = .always(.status(503, retryAfter: .seconds(300)))
        try await FaultServer.run(files: Self.content, script: busy) { one in
            try await FaultServer.run(files: Self.content) { two in
                let report = try await run(one, two, in: harness)
                #expect(report.isOK && report.seconds < 250)
            }
        }
    }

    @Test func `is not put together from places that a redirect leads to in turn, whatever their tags say`()
        async throws
    {
        let harness = try Harness(Self.model)
        var content = Self.content
        content.files["blob"] = Self.versions[0].served
        try await FaultServer.run(files: content) { store in
            let script: FaultScript = [
                .on(request: 0, .redirect(to: store.baseURL + "v1?id=A")),
                .on(requests: 1...99, .redirect(to: store.baseURL + "v2?id=B")),
            ]
            store.replace(script: [.on(.etag(value: "\"1\"")), .on(path: "v1", request: 0, .drop(after: 150_000))])
            try await FaultServer.run(files: content, script: script) { server in
                let report = try await run(server, in: harness)
                #expect(report.isOK, "\(report.failures)")
                #expect(store.log.first?.path == "v1" && store.log.last?.path == "v2")
            }
        }
    }

    @Test(arguments: [true, false])
    func `is not taken from bytes that were found, be they zeros or right`(areZeros: Bool) async throws {
        for isExpected in [false, true] {
            let harness = try Harness(Self.model)
            let bytes = areZeros ? [UInt8](repeating: 0, count: Self.size) : Self.versions[0].bytes
            try harness.folder.put(bytes, "w.bin.partial")
            let expected = isExpected ? Self.versions[0].digest : nil
            try await FaultServer.run(files: Self.content) { server in
                let report5 = try await run(server, expecting: expected, in: harness)
                #expect(report5.isOK)
                #expect(harness.folder.bytes("w.bin") == Self.versions[0].bytes)
                // An expected digest covers every byte.
                #expect(server.log.count == (isExpected && !areZeros ? 0 : 1))
            }
        }
    }

    @Test func `costs bytes and never truth when the state directory is deleted`() async throws {
        let harness = try Harness(Self.model)
        let script: FaultScript = [.on(request: 0, .content(of: "v1"), .drop(after: 200_000))]
        try await FaultServer.run(files: Self.content, script: script) { server in
            let report6 = try await run(server, retries: 0, in: harness)
            #expect(report6.kind == .unavailable)
            try harness.folder.remove(".modelfetch")
            let report7 = try await run(server, retries: 0, in: harness)
            #expect(report7.isOK)
            #expect(server.log.map(\.firstByte) == [0, 0])
        }
    }

    @Test func `of an expected digest is not taken because two sources gave a part of it each`() async throws {
        // Both are wrong in the same way only together: neither has delivered it.
        let harness = try Harness(Self.model)
        let wrong = TestModel.digest(of: [1])
        let one: FaultScript = [.on(request: 0, .drop(after: 150_000)), .on(requests: 1...9, .status(404))]
        try await FaultServer.run(files: Self.content, script: one) { one in
            try await FaultServer.run(files: Self.content, script: [.on(.content(of: "v2"))]) { two in
                let report = try await run(one, two, expecting: wrong, in: harness)
                #expect(!report.isOK && !harness.folder.has("w.bin"))
            }
        }
    }

    /// Where two sources get the bytes that contradict the expected digest.
    enum Way: CaseIterable, Sendable {
        case oneEach
        /// The second one leads to the first.
        case theOther
        /// The first one leads to the second.
        case theNext
        /// Both lead to a store, each with a signature of its own.
        case aThird
    }

    @Test(arguments: Way.allCases)
    func `of an unexpected digest is taken from two sources, and not from one place that two lead to`(way: Way)
        async throws
    {
        let harness = try Harness(Self.model)
        let expected = TestModel.digest(of: [1])
        let wrong: FaultScript = [.on(.content(of: "v2"))]
        try await FaultServer.run(files: Self.content, script: wrong) { store in
            try await FaultServer.run(files: Self.content, script: wrong) { one in
                try await FaultServer.run(files: Self.content, script: wrong) { two in
                    func lead(_ from: FaultServer, _ to: FaultServer, _ query: String = "") {
                        from.replace(script: [.on(.redirect(to: to.baseURL + "{target}" + query))])
                    }
                    switch way {
                    case .oneEach: break
                    case .theOther: lead(two, one)
                    case .theNext: lead(one, two)
                    case .aThird:
                        lead(one, store, "?sig=1")
                        lead(two, store, "?sig=2")
                    }
                    let report = try await run(one, two, retries: 1, expecting: expected, in: harness)
                    #expect(report.isOK == (way == .oneEach), "\(report.failures)")
                    #expect(harness.folder.has("w.bin") == report.isOK)
                }
            }
        }
    }

    /// Over several connections no answer holds the whole file, and without a tag several answers show nothing. Then one does.
    @Test(arguments: [Tags.none, .weak, .strong])
    func `of an unexpected digest is taken from two sources that agree, over any number of connections`(tags: Tags)
        async throws
    {
        let big = TestModel.File("w.bin", TestModel.synthetic(5_000_000, seed: 3))
        let model = TestModel(files: [big])
        let harness = try Harness(model)
        let expected = ManifestFile.Expected(size: nil, sha256: TestModel.digest(of: [1]))
        let manifest = try model.manifest { $0.unpinned(size: 5_000_000, expecting: expected) }
        let setup = Harness.Setup {
            $0.manifest = manifest
            $0.options.connections = 4
        }
        let script: FaultScript = [FaultRule(faults: tags.faults)]
        try await FaultServer.run(files: model.content, script: script) { one in
            try await FaultServer.run(files: model.content, script: script) { two in
                let report = try await harness.runUnchecked(from: [one.baseURL, two.baseURL], setup: setup)
                #expect(report.isOK && harness.folder.bytes("w.bin") == big.bytes, "\(report.failures)")
            }
        }
    }

    /// Any schedule of versions, tags, drops and deleted journals.
    @Test(arguments: 0..<30)
    func `is one version whatever its sources do`(seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        let harness = try Harness(Self.model)
        func script() -> FaultScript {
            var rules: [FaultRule] = []
            for request in 0..<random.below(6) {
                var faults: [Fault] = [.content(of: "v\(random.below(4))")]
                if random.chance(70) { faults.append(.drop(after: Int64(random.below(Self.size)))) }
                if random.chance(20) { faults.append(.ignoreRange) }
                rules.append(FaultRule(requests: request...request, faults: faults))
            }
            return FaultScript(rules + [FaultRule(faults: random.pick(Tags.allCases).faults)])
        }
        try await FaultServer.run(files: Self.content, script: script()) { one in
            try await FaultServer.run(files: Self.content, script: script()) { two in
                for _ in 0..<3 {
                    let report = try await run(one, two, retries: random.below(4), in: harness)
                    if report.isOK { break }
                    if random.chance(30) { try? harness.folder.remove(".modelfetch") }
                }
                one.replace(script: .honest)
                two.replace(script: .honest)
                let last = try await run(one, two, in: harness)
                #expect(last.isOK, "\(last.failures)")
            }
        }
    }
}

/// The rule as a value.
@Suite struct `Evidence of a file's content` {
    private static let (a, b) = (SourceID(url: "a"), SourceID(url: "b"))
    private static let (right, other) = (TestModel.digest(of: [1]), TestModel.digest(of: [2]))

    struct Case: Sendable {
        var pinned = false
        var expected: SHA256Digest?
        var seen: SHA256Digest?
        /// What comes, one after another, and whether it may stand.
        var deliveries: [(SHA256Digest, Provenance, Bool)]
    }

    static let cases: [Case] = [
        Case(deliveries: [(right, .oneVersion(from: a), true)]),
        Case(deliveries: [(right, .oneSource(a), false), (right, .oneSource(a), false)]),
        Case(deliveries: [(right, .oneSource(a), false), (right, .oneSource(b), false)]),
        Case(expected: other, deliveries: [(right, .oneSource(a), false), (right, .oneSource(b), false)]),
        Case(deliveries: [(right, .mixed, false), (right, .mixed, false)]),
        Case(deliveries: [(right, .mixed, false), (right, .oneSource(a), false)]),
        Case(deliveries: [(right, .nothing, true)]),
        Case(expected: right, deliveries: [(right, .mixed, true)]),
        Case(expected: right, deliveries: [(other, .nothing, false)]),
        Case(
            expected: right, deliveries: [(other, .oneVersion(from: a), false), (other, .oneVersion(from: a), false)]),
        Case(expected: right, deliveries: [(other, .oneVersion(from: a), false), (other, .oneVersion(from: b), true)]),
        Case(expected: right, deliveries: [(other, .mixed, false), (other, .oneVersion(from: b), false)]),
        Case(seen: right, deliveries: [(right, .mixed, true)]),
        Case(seen: right, deliveries: [(other, .mixed, false), (other, .oneVersion(from: a), true)]),
        // What was seen here once does not outweigh what the manifest expects.
        Case(expected: other, seen: right, deliveries: [(right, .mixed, false), (other, .mixed, true)]),
    ]

    @Test(arguments: cases.indices)
    func `lets a digest stand that it covers, one version, or what two sources say`(index: Int) throws {
        let test = Self.cases[index]
        let file = ManifestFile(
            path: try ManifestPath("w"), size: 1, sha256: nil,
            expected: test.expected.map { .init(size: nil, sha256: $0) }, unpinned: "a test")
        var evidence = ContentEvidence(for: file, seen: test.seen)
        #expect(evidence.needsOneVersion == (test.expected == nil && test.seen == nil))
        for (digest, provenance, stands) in test.deliveries {
            #expect(evidence.accepts(digest, provenance) == stands, "\(digest) \(provenance)")
        }
    }
}
