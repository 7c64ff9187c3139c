import FaultServer
import Foundation
import Hashing
import Storage
import Synchronization
import Testing
import Transfer

@testable import ModelFetch

/// Runs a download of a test's model into a directory of its own, over the real transport, and checks after every run
/// what must always hold.
final class Harness: Sendable {
    let model: TestModel
    let folder: Folder

    init(_ model: TestModel = .single, inMemory: Bool = false) throws {
        self.model = model
        folder = try Folder(inMemory: inMemory)
    }

    /// What a run left behind.
    struct Outcome: Sendable {
        var report: DownloadReport
        var events: [DownloadEvent]

        func file(_ path: String) -> FileReport { report.files.first { $0.path == path }! }
        func state(_ path: String) -> FileReport.State { file(path).state }

        /// Everything that a person may have read.
        var words: String {
            (report.failures.map { "\($0) \($0.recoverySuggestion ?? "") \($0.source ?? "")" } + events.map { "\($0)" })
                .joined(separator: "\n")
        }

        /// The files in the order in which they finished.
        var finished: [String] {
            events.compactMap { if case .finished(let report) = $0 { report.path } else { nil } }
        }
    }

    /// What a test may set differently.
    struct Setup: Sendable {
        var options = Harness.options
        var disk: any Disk = SystemDisk()
        var known: [Manifest] = []
        /// A test's own clock adds up what several tasks wait for, so that nothing may wait that the test does not know of.
        var time = Time(ContinuousClock()) {
            didSet { interval = nil }
        }
        /// How often a file's connections are looked after.
        var interval: Duration? = .milliseconds(250)
        /// The network; `nil`: the real one.
        var transport: (any Transport)?
        var bootID: String? = "boot"
        /// What a run goes by, but for its sources; `nil`: the model's.
        var manifest: Manifest?

        init() {}

        init(_ change: (inout Setup) throws -> Void) rethrows {
            self.init()
            try change(&self)
        }
    }

    /// Back-offs that take no time, and little patience.
    static let options: DownloadOptions = {
        var options = DownloadOptions()
        options.retries = 3
        options.retryDelay = .milliseconds(1)
        // A busy machine may keep a test waiting for long: only tests of stalls want to see one.
        options.stallTimeout = .seconds(600)
        options.connectTimeout = .seconds(600)
        options.concurrentFiles = 2
        options.concurrentSmallFiles = 0
        // What happens to a single request is told from requests that are made one after another.
        options.connections = 1
        // Durability has tests of its own, and fsync of hundreds of files takes its time.
        options.isDurable = false
        return options
    }()

    /// Runs from servers in order of rank.
    func run(
        _ servers: FaultServer..., setup: Setup = Setup(), sourceLocation: SourceLocation = #_sourceLocation,
        onEvent: @escaping @Sendable (DownloadEvent) -> Void = { _ in }
    ) async throws -> Outcome {
        try await run(
            from: servers.map(\.baseURL), setup: setup, sourceLocation: sourceLocation, onEvent: onEvent)
    }

    func run(
        from urls: [String], setup: Setup = Setup(), sourceLocation: SourceLocation = #_sourceLocation,
        onEvent: @escaping @Sendable (DownloadEvent) -> Void = { _ in }
    ) async throws -> Outcome {
        try await run(manifest(urls, setup), setup, sourceLocation: sourceLocation, onEvent: onEvent)
    }

    private func manifest(_ urls: [String], _ setup: Setup) throws -> Manifest {
        let sources = urls.enumerated().map { ManifestSource(url: $0.element, rank: $0.offset) }
        guard let given = setup.manifest else { return try model.manifest(sources: sources) }
        return try Manifest(name: given.name, sources: sources, marker: given.marker, files: given.files)
    }

    /// A run of which nothing is checked, for tests that call other things right.
    func runUnchecked(from urls: [String], setup: Setup) async throws -> DownloadReport {
        try await perform(manifest(urls, setup), setup, { _ in }).report
    }

    private func run(
        _ manifest: Manifest, _ setup: Setup, sourceLocation: SourceLocation,
        onEvent: @escaping @Sendable (DownloadEvent) -> Void
    ) async throws -> Outcome {
        let before = folder.snapshot(of: manifest)
        let outcome = try await perform(manifest, setup, onEvent)
        let right = Dictionary(uniqueKeysWithValues: model.files.map { ($0.path, $0.digest) })
        folder.checkInvariants(since: before, of: manifest, right: right, sourceLocation: sourceLocation)
        checkTruth(of: outcome, manifest, right, sourceLocation)
        return outcome
    }

    /// A run from one server of which nothing is checked, for those that disturb it on purpose.
    func runUnchecked(
        _ server: FaultServer, setup: Setup = Setup(), onEvent: @escaping @Sendable (DownloadEvent) -> Void = { _ in }
    ) async throws -> DownloadReport {
        try await perform(model.manifest(sources: [ManifestSource(url: server.baseURL)]), setup, onEvent).report
    }

    private func perform(
        _ manifest: Manifest, _ setup: Setup, _ onEvent: @escaping @Sendable (DownloadEvent) -> Void
    ) async throws -> Outcome {
        let events = Mutex<[DownloadEvent]>([])
        let options = setup.options
        var configuration = TransportConfiguration(version: "test")
        configuration.connectTimeout = options.connectTimeout
        configuration.stallTimeout = options.stallTimeout
        configuration.proxy = ""
        let transport = try CurlTransport(configuration)
        let executor = try BlockingExecutor(threads: options.concurrentFiles * 2)
        var runtime = Runtime(
            transport: setup.transport ?? transport, disk: setup.disk, time: setup.time,
            random: Randomness(SystemRandomNumberGenerator()), executor: executor, bootID: setup.bootID)
        runtime.interval = setup.interval
        let download = ModelDownload(manifest, into: folder.path, options: options, known: setup.known)
        let report = await download.run(in: runtime) { event in
            events.withLock { $0.append(event) }
            onEvent(event)
        }
        transport.shutdown()
        executor.stop()
        return Outcome(report: report, events: events.withLock { $0 })
    }

    /// I5: what the report says is so.
    private func checkTruth(
        of outcome: Outcome, _ manifest: Manifest, _ right: [String: SHA256Digest], _ sourceLocation: SourceLocation
    ) {
        for file in outcome.report.files where [.downloaded, .resumed, .repaired, .skipped].contains(file.state) {
            #expect(folder.has(file.path), "\(file.path) is not there", sourceLocation: sourceLocation)
            #expect(file.failure == nil, sourceLocation: sourceLocation)
            // Of a file that nothing pins the manifest cannot say what is right.
            if file.isPinned {
                #expect(folder.digest(file.path) == right[file.path], sourceLocation: sourceLocation)
            }
        }
        if outcome.report.kind == nil, !outcome.report.isCancelled {
            #expect(!outcome.report.files.contains { $0.state == .failed }, sourceLocation: sourceLocation)
        }
        let ends = outcome.finished
        #expect(ends.count == Set(ends).count, "a file finished twice", sourceLocation: sourceLocation)
    }
}

extension RequestRecord {
    /// The first byte that was asked for; 0 without a range.
    var firstByte: Int64 {
        guard let range = header("Range")?.dropFirst("bytes=".count) else { return 0 }
        return range.split(separator: "-").first.flatMap { Int64($0) } ?? -1
    }
}
