import FaultServer
import Foundation
import SeededRandom
import Storage
import Testing

@testable import ModelFetch

/// What is done about a file under a final name that is not the right one.
@Suite(.timeLimit(.minutes(10))) struct `A wrong file under a final name` {
    private static let right = TestModel.single["model.data"]
    private static let kept = ".modelfetch/replaced/model.data"

    private func run(
        _ harness: Harness, script: FaultScript = .honest, _ setup: Harness.Setup = .init()
    ) async throws -> Harness.Outcome {
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            try await harness.run(server, setup: setup)
        }
    }

    /// The right file with some ranges changed.
    private static func changed(_ ranges: Range<Int>...) -> [UInt8] {
        var bytes = right
        for range in ranges { for index in range.clamped(to: bytes.indices) { bytes[index] ^= 0x5A } }
        return bytes
    }

    // MARK: Files of their own

    enum Own: String, CaseIterable, Sendable {
        case firstHalf, lastThird, first66000, oneLayer, noise, longer

        var bytes: [UInt8] {
            let count = right.count
            return switch self {
            case .firstHalf: changed(count / 2..<count)
            case .lastThird: changed(0..<count * 2 / 3)
            case .first66000: changed(66_000..<count)
            case .oneLayer: changed(count / 4..<count / 2)
            case .noise: TestModel.other.bytes
            case .longer: TestModel.synthetic(count + 400_000, seed: 5)
            }
        }
    }

    @Test(arguments: Own.allCases)
    func `is left alone when it may be somebody's own`(own: Own) async throws {
        let harness = try Harness()
        let theirs = own.bytes
        try harness.folder.put(theirs, "model.data")
        let links = harness.folder.root + "/link"
        try FileManager.default.linkItem(atPath: harness.folder.at("model.data"), toPath: links)
        defer { try? FileManager.default.removeItem(atPath: links) }
        let outcome = try await run(harness)
        #expect(outcome.report.kind == .data)
        #expect(outcome.file("model.data").failure?.message.contains("a different file (") == true)
        #expect(outcome.file("model.data").failure?.remedy == .replaceFile)
        #expect(harness.folder.bytes("model.data") == theirs)
        #expect(FileManager.default.contents(atPath: links).map { Array($0) } == theirs)
        // A few samples told.
        #expect(outcome.report.bytesDownloaded < Int64(Self.right.count / 2))
        let replaced = try await run(harness, .honest, .init { $0.options.replacesForeignFiles = true })
        #expect(replaced.state("model.data") == .repaired && !harness.folder.has(Self.kept))
        // Another name of the old file is nobody's to change.
        #expect(FileManager.default.contents(atPath: links).map { Array($0) } == theirs)
    }

    private func run(
        _ harness: Harness, _ script: FaultScript, _ setup: Harness.Setup
    ) async throws -> Harness.Outcome { try await run(harness, script: script, setup) }

    // MARK: Damage

    @Test func `is repaired and kept when it is damaged at its start, its middle and its end`() async throws {
        let harness = try Harness()
        let count = Self.right.count
        let damaged = Self.changed(0..<4, count / 2..<count / 2 + 4, count - 4..<count)
        try harness.folder.put(damaged, "model.data")
        let outcome = try await run(harness)
        #expect(outcome.state("model.data") == .repaired, "\(outcome.words)")
        #expect(harness.folder.bytes(Self.kept) == damaged)
        let events = outcome.events.compactMap { event -> String? in
            if case .replaced(let path, let kept, let bytes) = event { "\(path) \(kept) \(bytes)" } else { nil }
        }
        #expect(events == ["model.data \(Self.kept) \(count)"])
    }

    @Test func `keeps each of several that had its name`() async throws {
        let harness = try Harness()
        let damages = [1, 2, 3].map { Self.changed($0 * 1000..<$0 * 1000 + 1) }
        for damage in damages {
            try harness.folder.put(damage, "model.data")
            #expect(try await run(harness).state("model.data") == .repaired)
        }
        #expect(["", ".2", ".3"].map { harness.folder.bytes(Self.kept + $0) } == damages)
    }

    @Test func `is kept when it is small and was edited by hand`() async throws {
        let harness = try Harness(.checkpoint)
        try harness.folder.put(harness.model)
        _ = try await run(harness)
        let edited = Array("{\"n_layer\": 24, \"note\": \"mine\"}\n".utf8)
        try harness.folder.put(edited, "hparams.json")
        let outcome = try await run(harness)
        #expect(outcome.state("hparams.json") == .repaired)
        #expect(harness.folder.bytes(".modelfetch/replaced/hparams.json") == edited)
        #expect(harness.folder.has("checkpoint"))
    }

    @Test func `of the marker is kept, too, and keeps its name until the right one takes it`() async throws {
        let harness = try Harness(.checkpoint)
        try harness.folder.put(harness.model, but: ["vocab.bpe"])
        let edited = Array("model_checkpoint_path: \"mine\"\n".utf8)
        try harness.folder.put(edited, "checkpoint")
        let failed = try await run(harness, .on(path: "vocab.bpe", .status(404)))
        #expect(!failed.report.isOK && harness.folder.bytes("checkpoint") == edited)
        let outcome = try await run(harness)
        #expect(outcome.report.isOK, "\(outcome.words)")
        #expect(harness.folder.bytes(".modelfetch/replaced/checkpoint") == edited)
    }

    private func run(_ harness: Harness, _ rule: FaultRule) async throws -> Harness.Outcome {
        try await run(harness, script: [rule])
    }

    /// What is appended to a right file is somebody's, however little it is.
    @Test(arguments: [1, 300_000])
    func `is kept when something was appended to it`(count: Int) async throws {
        let harness = try Harness()
        let theirs = Self.right + TestModel.synthetic(count, seed: 7).map { $0 | 1 }
        try harness.folder.put(theirs, "model.data")
        let outcome = try await run(harness)
        #expect(outcome.state("model.data") == .repaired, "\(outcome.words)")
        #expect(harness.folder.bytes(Self.kept) == theirs)
    }

    @Test func `is no error page where the right file is a page, too`() async throws {
        let page = Array("<!DOCTYPE html>\n<p>{{ name }}</p>\n".utf8)
        let harness = try Harness(TestModel(files: [.init("page.tmpl", page)]))
        let edited = page + Array("<p>mine</p>\n".utf8)
        try harness.folder.put(edited, "page.tmpl")
        #expect(try await run(harness).report.isOK)
        #expect(harness.folder.bytes(".modelfetch/replaced/page.tmpl") == edited)
    }

    // MARK: Markers that nothing pins

    private static let unpinned = TestModel(
        files: [.init("checkpoint", Array("theirs: 1\n".utf8)), .init("w.bin", TestModel.synthetic(5000, seed: 8))],
        marker: "checkpoint")

    private func unpinnedMarker(only: [String] = []) throws -> Harness.Setup {
        let manifest = try Self.unpinned.manifest { file in
            file.path.string == "checkpoint" ? file.unpinned(size: nil) : file
        }
        return Harness.Setup {
            $0.manifest = manifest
            $0.options.selection = Selection(patterns: only)
        }
    }

    /// A marker that nothing says is wrong is withdrawn and comes back: it is not fetched in its own place.
    @Test(arguments: [[], ["w.bin"]], [true, false])
    func `comes back when it is the marker, and nothing says that it is wrong`(only: [String], isServed: Bool)
        async throws
    {
        let harness = try Harness(Self.unpinned)
        let mine = Array("mine, and of another length\n".utf8)
        try harness.folder.put(mine, "checkpoint")
        let script: FaultScript = [
            .on(path: "checkpoint", isServed ? .etag(value: "\"other\"") : .status(404)),
            .on(path: "w.bin", request: 0, .drop(after: 1)),
        ]
        let setup = try unpinnedMarker(only: only)
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            let report = try await harness.runUnchecked(from: [server.baseURL], setup: setup)
            #expect(report.isOK, "\(report.failures)")
            #expect(harness.folder.bytes("checkpoint") == mine && harness.folder.has("w.bin"))
            #expect(!server.log.contains { $0.path == "checkpoint" })
        }
    }

    // MARK: Nobody's work

    enum Stump: String, CaseIterable, Sendable {
        case empty, short, cut, lengthened, page, blobError

        var bytes: [UInt8] {
            switch self {
            case .empty: []
            case .short: Array(right[..<5000])
            case .cut: Array(right[..<1_200_000])
            case .lengthened: right + [UInt8](repeating: 0, count: 70_000)
            case .page: Array("\n<!DOCTYPE html><html><body>log in</body></html>".utf8)
            case .blobError: Array("<?xml version=\"1.0\"?><Error><Code>BlobNotFound</Code></Error>".utf8)
            }
        }
    }

    @Test(arguments: Stump.allCases)
    func `is replaced and not kept when it is a stump`(stump: Stump) async throws {
        let harness = try Harness()
        try harness.folder.put(stump.bytes, "model.data")
        let outcome = try await run(harness)
        #expect(outcome.state("model.data") == .repaired, "\(outcome.words)")
        #expect(!harness.folder.has(".modelfetch/replaced"))
        // What a large one has in common with the file is not fetched again.
        let common = stump == .cut ? 1_200_000 : stump == .lengthened ? Self.right.count : 0
        #expect(outcome.file("model.data").bytesReused == Int64(common))
    }

    @Test func `is replaced and not kept when it rotted under a receipt that fits`() async throws {
        let harness = try Harness()
        _ = try await run(harness)
        let path = harness.folder.at("model.data")
        var before = stat()
        try #require(lstat(path, &before) == 0)
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.seek(toOffset: 700_000)
        try file.write(contentsOf: Data([1, 2, 3]))
        try file.close()
        // What changes bytes behind the file system's back leaves the times alone. The receipt stands in for that here.
        try Self.refit(harness.folder)
        let outcome = try await run(harness, .honest, .init { $0.options.recheck = true })
        #expect(outcome.state("model.data") == .repaired, "\(outcome.words)")
        #expect(!harness.folder.has(".modelfetch/replaced"))
        #expect(outcome.report.bytesDownloaded <= Int64(Self.right.count))
    }

    /// Makes the receipt fit the file as it is now, in everything but its bytes.
    private static func refit(_ folder: Folder) throws {
        let directory = try ModelDirectory(existing: folder.path, on: SystemDisk())
        var receipts = Receipts(in: directory)
        let status = try #require(try directory.status(of: "model.data"))
        let old = try #require(receipts.files["model.data"])
        receipts.files["model.data"] = .init(sha256: old.sha256, pinned: true, status: status, bootID: old.bootID)
        try receipts.write(in: directory, isDurable: false)
    }

    // MARK: Sources that give no ranges

    @Test(arguments: [true, false])
    func `is compared with the right file itself where no source gives ranges`(isDamage: Bool) async throws {
        let harness = try Harness()
        let theirs = isDamage ? Self.changed(5000..<5010) : Own.firstHalf.bytes
        try harness.folder.put(theirs, "model.data")
        let outcome = try await run(harness, script: .always(.ignoreRange))
        if isDamage {
            #expect(outcome.state("model.data") == .repaired, "\(outcome.words)")
            #expect(harness.folder.bytes(Self.kept) == theirs)
        } else {
            #expect(outcome.report.kind == .data && harness.folder.bytes("model.data") == theirs)
            // The next run need not fetch it again.
            let replaced = try await run(
                harness, .always(.status(404)), .init { $0.options.replacesForeignFiles = true })
            #expect(replaced.state("model.data") == .repaired && replaced.report.bytesDownloaded == 0)
        }
    }

    // MARK: Any mixture

    /// Whatever agrees and differs: a file that holds something of its own is there afterwards, under its own name or kept.
    @Test(arguments: 0..<24)
    func `is never lost, whatever of it agrees with the right one`(seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        let harness = try Harness()
        var theirs = Self.right
        for _ in 0..<1 + random.below(8) {
            let start = random.below(theirs.count)
            let end = min(start + 1 + random.below(random.chance(50) ? 50 : theirs.count / 2), theirs.count)
            theirs.replaceSubrange(start..<end, with: TestModel.synthetic(end - start, seed: seed + 1000))
        }
        switch random.below(5) {
        case 0: theirs = Array(theirs[..<random.below(theirs.count)])
        case 1: theirs += TestModel.synthetic(random.below(500_000), seed: seed)
        case 2: theirs += [UInt8](repeating: 0, count: random.below(500_000))
        default: break
        }
        try harness.folder.put(theirs, "model.data")
        let script: FaultScript = random.chance(20) ? .always(.ignoreRange) : .honest
        let outcome = try await run(harness, script: script)
        let isStump =
            Self.right.starts(with: theirs)
            || theirs.starts(with: Self.right) && theirs[Self.right.count...].allSatisfy { $0 == 0 }
        if outcome.report.isOK {
            #expect(harness.folder.bytes(Self.kept) == (isStump ? nil : theirs))
        } else {
            #expect(outcome.report.kind == .data, "\(outcome.words)")
            #expect(harness.folder.bytes("model.data") == theirs && theirs.count >= 1 << 20)
        }
        // The rule: at most a tenth of what is compared may differ.
        var likeness = Likeness()
        for start in stride(from: 0, to: max(theirs.count, Self.right.count), by: Likeness.blockBytes) {
            let (one, other) = (theirs.dropFirst(start).prefix(65_536), Self.right.dropFirst(start).prefix(65_536))
            one.withUnsafeBytes { one in other.withUnsafeBytes { likeness.compare(one, $0) } }
        }
        if likeness.differing * 2 > likeness.blocks, theirs.count >= Self.right.count {
            #expect(!outcome.report.isOK, "\(likeness)")
        }
    }
}

/// The same as a value.
@Suite struct `What a wrong file is` {
    @Test(
        arguments: [
            (0, "", false, "a.bin", .stump), (10, "", true, "a.bin", .rot), (5 << 20, "", true, "a.bin", .rot),
            (5 << 20, "", false, "a.bin", .unknown), (1 << 20, "", false, "a.bin", .unknown),
            ((1 << 20) - 1, "", false, "a.bin", .damaged), (60, " <HTML>", false, "a.bin", .stump),
            (60, "\u{FEFF}<!doctype html>", false, "a.bin", .stump), (60, "<html>", false, "page.html", .damaged),
            (60, "<?xml version=\"1.0\"?>\n<Error>", false, "a.bin", .stump),
            (60, "<?xml version=\"1.0\"?>\n<svg>", false, "a.bin", .damaged),
            (60, "{\"n_layer\": 12}", false, "a", .damaged),
            (5 << 20, "<html>", false, "a.bin", .unknown),
        ] as [(Int64, String, Bool, String, WrongFile)])
    func `is told from its size, its front and its receipt, as far as they tell`(
        size: Int64, front: String, isRot: Bool, name: String, expected: WrongFile
    ) {
        #expect(WrongFile(size: size, front: Array(front.utf8), isRot: isRot, name: name) == expected)
    }

    @Test(
        arguments: [
            (0, 1, nil), (6, 63, nil), (6, 64, .damaged), (0, 64, .damaged), (7, 7, .foreign), (7, 64, .foreign),
        ] as [(Int, Int, WrongFile?)])
    func `is damage while at most a tenth of 64 samples are wrong`(wrong: Int, compared: Int, expected: WrongFile?) {
        #expect(WrongFile.judgement(wrong: wrong, compared: compared, of: 64) == expected)
    }

    @Test(arguments: [0, 1, 16_384, 1 << 20, (1 << 20) + 7, 500_000_000, 1 << 45] as [Int64])
    func `is sampled at its ends and in every part`(length: Int64) {
        var random = SplitMix64(seed: 3)
        let ranges = WrongFile.sampleRanges(of: length, using: &random).sorted { $0.lowerBound < $1.lowerBound }
        #expect(ranges.isEmpty == (length == 0))
        guard length > 1 << 20 else { return #expect(ranges.reduce(0) { $0 + $1.count } <= max(length, 1 << 20)) }
        #expect(ranges.count == 64 && ranges.first?.lowerBound == 0 && ranges.last?.upperBound == length)
        for (index, range) in ranges.enumerated().dropLast() {
            let part = length / 64
            #expect(range.lowerBound >= Int64(index) * part && range.upperBound <= Int64(index + 1) * part)
        }
    }
}
