import FaultServer
import Synchronization
import Testing
import Transfer

@testable import ModelFetch

@Suite(.timeLimit(.minutes(10))) struct `A download that was broken off` {
    static let size = Int64(TestModel.bigSize)

    @Test(arguments: [0, 1, 16_383, 65_535, 65_536, 65_537, 1 << 20, (1 << 20) - 1, size - 1] as [Int64])
    func `goes on from the very byte`(offset: Int64) async throws {
        let harness = try Harness()
        let script: FaultScript = [.on(request: 0, .drop(after: offset))]
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            let outcome = try await harness.run(server)
            #expect(outcome.report.isOK && outcome.report.retries == 1)
            #expect(outcome.report.bytesDownloaded == Self.size)
            #expect(server.log.map(\.firstByte) == [0, offset])
            #expect(server.log[1].header("Range") == (offset == 0 ? nil : "bytes=\(offset)-\(Self.size - 1)"))
            // No byte twice.
            #expect(server.bodyBytesSent == Self.size)
        }
    }

    @Test func `goes on from the very byte each time, and only what brings nothing counts`() async throws {
        let harness = try Harness()
        let setup = Harness.Setup { $0.options.retries = 1 }
        let script: FaultScript = [.on(requests: 0...9, .drop(after: 100_000))]
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            let outcome = try await harness.run(server, setup: setup)
            #expect(outcome.report.isOK && outcome.report.retries == 10)
            #expect(server.log.map(\.firstByte) == (0...10).map { Int64($0) * 100_000 })
            #expect(server.bodyBytesSent == Self.size)
        }
    }

    @Test func `gives up after the retries, keeps what came, and the next run has only the rest to fetch`() async throws
    {
        let harness = try Harness()
        let script: FaultScript = [.on(request: 0, .drop(after: 500_000)), .on(requests: 1...99, .drop(after: 10))]
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            let first = try await harness.run(server)
            #expect(first.report.kind == .unavailable)
            #expect(server.log.count == 5, "one that brought something, then one and three retries without progress")
            let failure = try #require(first.report.failures.first)
            #expect(failure.file == "model.data" && failure.source == server.baseURL)
            #expect(failure.offset == 500_040)
            #expect(failure.message.contains("500.0 kB of \(roundedBytes(Int64(Self.size))) is kept"), "\(failure)")
            #expect(first.file("model.data").bytesDownloaded == 500_040)
            server.replace(script: .honest)
            let second = try await harness.run(server)
            #expect(second.state("model.data") == .resumed)
            #expect(second.file("model.data").bytesReused == 500_040)
            #expect(second.file("model.data").bytesDownloaded == Self.size - 500_040)
            #expect(server.bodyBytesSent == Self.size)
        }
    }

    @Test func `asks once when no retry is wanted`() async throws {
        let harness = try Harness()
        let setup = Harness.Setup { $0.options.retries = 0 }
        try await FaultServer.run(files: harness.model.content, script: .always(.drop(after: 500_000))) { server in
            let outcome = try await harness.run(server, setup: setup)
            #expect(outcome.report.kind == .unavailable && outcome.report.retries == 0)
            #expect(server.log.count == 1)
        }
    }

    @Test func `fetches again what the disk lost meanwhile, and no more`() async throws {
        let harness = try Harness()
        try await FaultServer.run(files: harness.model.content, script: .always(.drop(after: 1_100_000))) { server in
            let setup = Harness.Setup { $0.options.retries = 0 }
            let report = try await harness.run(server, setup: setup).report
            #expect(report.kind == .unavailable)
            var bytes = try #require(harness.folder.bytes("model.data.partial"))
            bytes[300_000] ^= 1
            try harness.folder.put(bytes, "model.data.partial")
            server.replace(script: .honest)
            let outcome = try await harness.run(server)
            #expect(outcome.report.isOK && outcome.state("model.data") == .resumed)
            // A record covers 256 KiB and a chunk; whatever it is, it is not the file.
            #expect(outcome.report.bytesDownloaded < Self.size - 1_100_000 + (1 << 20) + (256 << 10))
            #expect(outcome.report.bytesReused + outcome.report.bytesDownloaded == Self.size)
        }
    }

    // MARK: Identity

    @Test func `sends a strong ETag with If-Range, a date where there is none, and never a weak one`() async throws {
        let strong = TestModel.single.files[0].served.etag
        let date = TestModel.single.files[0].served.lastModified
        for (fault, expected) in [(nil, strong), (Fault.noETag, date), (.weakETag, nil)] {
            let harness = try Harness()
            let script: FaultScript = [
                .on(.header("Date", "Mon, 01 Jun 2020 00:00:00 GMT"), fault ?? .header("X-Y", "1")),
                .on(request: 0, .drop(after: 500_000)),
            ]
            try await FaultServer.run(files: harness.model.content, script: script) { server in
                let report = try await harness.run(server).report
                #expect(report.isOK)
                #expect(server.log[1].header("If-Range") == expected)
                #expect(server.bodyBytesSent == Self.size)
            }
        }
    }

    @Test func `keeps what it has when a server ignores the range`() async throws {
        let harness = try Harness()
        // The second answer's front is wrong: had it been written, the digest would fail and all be fetched anew.
        let script: FaultScript = [
            .on(request: 0, .drop(after: 500_000)), .on(request: 1, .ignoreRange, .flip(offset: 1000, mask: 1)),
        ]
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            let outcome = try await harness.run(server)
            #expect(outcome.report.isOK && server.log.count == 2)
            // What was skipped was received all the same.
            #expect(outcome.report.bytesDownloaded == Self.size + 500_000)
        }
    }

    @Test func `survives an ETag that flaps with every answer, and fetches no byte twice for it`() async throws {
        let harness = try Harness()
        let script: FaultScript = [.on(.flappingETag, .noLastModified), .on(requests: 0...3, .drop(after: 900_000))]
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            let outcome = try await harness.run(server)
            #expect(outcome.report.isOK)
            // The first answer that ignores the range because of If-Range is broken off, and no other is asked for.
            #expect(server.log.map { $0.header("if-range") != nil } == [false, true, false])
            #expect(outcome.report.bytesDownloaded <= Int64(TestModel.bigSize) * 12 / 10)
            #expect(!outcome.events.contains { if case .discarded = $0 { true } else { false } })
        }
    }

    @Test func `drops the bytes from before the change, and no others, when a file changed in between`() async throws {
        let harness = try Harness()
        var content = harness.model.content
        content.files["other.data"] = TestModel.other.served
        let script: FaultScript = [.on(request: 0, .content(of: "other.data"), .drop(after: 500_000))]
        try await FaultServer.run(files: content, script: script) { server in
            let outcome = try await harness.run(server)
            #expect(outcome.report.isOK)
            let dropped = outcome.events.compactMap { event -> Int64? in
                if case .discarded(_, let bytes, _) = event { bytes } else { nil }
            }
            #expect(dropped == [500_000])
            // What does not fit If-Range is asked for once more without it.
            #expect(server.log.map(\.firstByte) == [0, 500_000, 500_000, 0])
        }
    }

    @Test func `tells of events that add up to the file, with damage that is found on the way`() async throws {
        let harness = try Harness()
        try await FaultServer.run(files: harness.model.content, script: .always(.drop(after: 500_000))) { server in
            _ = try await harness.run(server, setup: .init { $0.options.retries = 0 })
            server.replace(script: .honest)
            var bytes = try #require(harness.folder.bytes("model.data.partial"))
            bytes[100_000] ^= 1
            try harness.folder.put(bytes, "model.data.partial")
            let outcome = try await harness.run(server)
            #expect(outcome.report.isOK)
            var (sum, lost): (Int64, Int64) = (0, 0)
            for event in outcome.events {
                switch event {
                case .progress(_, let bytes, _): sum += bytes
                case .discarded(_, let bytes, _): (sum, lost) = (sum - bytes, lost + bytes)
                default: break
                }
            }
            #expect(sum == Self.size && lost > 0)
        }
    }

    @Test func `ends with 65 when the file has become another one, which never gets the name`() async throws {
        let harness = try Harness()
        try await FaultServer.run(files: harness.model.content, script: .always(.drop(after: 500_000))) { server in
            let setup = Harness.Setup { $0.options.retries = 0 }
            let report = try await harness.run(server, setup: setup).report
            #expect(report.kind == .unavailable)
            server.replace(script: .honest)
            server.replace(files: ["model.data": TestModel.other.served])
            let outcome = try await harness.run(server)
            #expect(outcome.report.kind == .data)
            #expect(!harness.folder.has("model.data"))
        }
    }

    // MARK: Waiting

    @Test func `waits as long as a busy server asks for, and tells`() async throws {
        let harness = try Harness()
        let waits = Mutex<[Duration]>([])
        let time = Time.jumping { wait in waits.withLock { $0.append(wait) } }
        let setup = Harness.Setup { $0.time = time }
        let script: FaultScript = [.on(request: 0, .status(503, retryAfter: .seconds(120)))]
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            let outcome = try await harness.run(server, setup: setup)
            #expect(outcome.report.isOK)
            // Not the second that the end of a body may take.
            let waited = waits.withLock { $0.filter { $0 > .seconds(1) } }
            #expect(waited.count == 1 && (.seconds(119)...(.seconds(121))).contains(waited[0]), "\(waited)")
            #expect(outcome.words.contains("asks to retry after 120 s"))
        }
    }

    @Test func `waits five minutes at most, however many digits a server sends`() async throws {
        let harness = try Harness()
        let waits = Mutex<[Duration]>([])
        let time = Time.jumping { wait in waits.withLock { $0.append(wait) } }
        let setup = Harness.Setup { $0.time = time }
        let script: FaultScript = [.on(request: 0, .status(429, retryAfter: .raw("100000000000000000000")))]
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            let report = try await harness.run(server, setup: setup).report
            #expect(report.isOK)
            #expect(waits.withLock { $0.allSatisfy { $0 < .seconds(301) } })
        }
    }

    @Test func `asks a second source at once while the first one wants to be left alone`() async throws {
        let harness = try Harness()
        let files = harness.model.content
        try await FaultServer.run(files: files, script: .always(.status(503, retryAfter: .seconds(200)))) { busy in
            try await FaultServer.run(files: files, address: "127.0.0.2") { other in
                let outcome = try await harness.run(busy, other)
                #expect(outcome.report.isOK && outcome.report.seconds < 60)
                #expect(busy.log.count == 1 && other.log.count == 1)
            }
        }
    }

    @Test func `goes on at the second source with the first missing byte`() async throws {
        let harness = try Harness()
        let files = harness.model.content
        let script: FaultScript = [.on(request: 0, .drop(after: 500_000)), .on(requests: 1...9, .status(404))]
        try await FaultServer.run(files: files, script: script) { first in
            try await FaultServer.run(files: files, address: "127.0.0.2") { second in
                let setup = Harness.Setup { $0.options.retryDelay = .zero }
                let report = try await harness.run(first, second, setup: setup).report
                #expect(report.isOK)
                #expect(second.log.map(\.firstByte) == [500_000])
                // A validator is a word between us and the one server that gave it.
                #expect(second.log[0].header("If-Range") == nil)
                #expect(first.bodyBytesSent + second.bodyBytesSent < Self.size + 100)
            }
        }
    }

    @Test func `lets the other files go on when one is nowhere to be had`() async throws {
        let harness = try Harness(.checkpoint)
        try await FaultServer.run(files: harness.model.content, script: [.on(path: "vocab.bpe", .status(404))]) {
            server in
            let outcome = try await harness.run(server)
            #expect(outcome.report.kind == .unavailable)
            #expect(outcome.report.files.map(\.state) == [.held, .downloaded, .downloaded, .failed])
            #expect(server.requests(path: "vocab.bpe").count == 1)
        }
    }

    @Test func `takes a file of no bytes without asking anybody`() async throws {
        let harness = try Harness(TestModel(files: [.init("empty", [])]))
        try await FaultServer.run(files: [:]) { server in
            let outcome = try await harness.run(server)
            #expect(outcome.report.isOK && harness.folder.bytes("empty") == [])
            #expect(server.log.isEmpty)
        }
    }

    @Test func `ends when a manifest has a digest that no empty file has`() async throws {
        let model = TestModel(files: [.init("empty", [])])
        let harness = try Harness(model)
        let wrong = try model.manifest { ManifestFile(path: $0.path, size: 0, sha256: TestModel.other.digest) }
        let setup = Harness.Setup { $0.manifest = wrong }
        try await FaultServer.run(files: [:]) { server in
            let report = try await harness.run(server, setup: setup).report
            #expect(report.kind == .data)
        }
    }
}

extension Time {
    /// A clock whose sleeps are over at once, and have passed all the same.
    static func jumping(_ slept: @escaping @Sendable (Duration) -> Void) -> Time { Time(JumpingClock(slept: slept)) }
}

/// Jumps to the end of every sleep.
private final class JumpingClock: Clock, Sendable {
    typealias Instant = ContinuousClock.Instant

    private let current = Mutex(ContinuousClock.now)
    private let slept: @Sendable (Duration) -> Void

    init(slept: @escaping @Sendable (Duration) -> Void) { self.slept = slept }

    var now: Instant { current.withLock { $0 } }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        let wait = current.withLock { current in
            defer { current = max(current, deadline) }
            return current.duration(to: deadline)
        }
        slept(wait)
    }
}
