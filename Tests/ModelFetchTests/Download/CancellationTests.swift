import FaultServer
import Storage
import Synchronization
import Testing

@testable import ModelFetch

@Suite(.timeLimit(.minutes(10))) struct `A download that is cancelled` {
    static let size = Int64(TestModel.bigSize)

    enum Moment: String, CaseIterable {
        case hashing, connecting, receiving, progress, stalled, beforeHead, retrying, verifying, publishing, locked

        /// Whether an event is this moment.
        func matches(_ event: DownloadEvent) -> Bool {
            switch (self, event) {
            case (.hashing, .phase(_, .hashing)), (.connecting, .phase(_, .connecting)),
                (.receiving, .phase(_, .receiving)), (.progress, .progress), (.stalled, .progress),
                (.beforeHead, .phase(_, .connecting)), (.retrying, .retrying), (.verifying, .phase(_, .verifying)),
                (.publishing, .phase(_, .publishing)), (.locked, .waitingForLock):
                true
            default: false
            }
        }

        var script: FaultScript {
            switch self {
            case .stalled: .always(.stall(after: 400_000))
            case .beforeHead: .always(.stallBeforeHead)
            case .retrying: .always(.status(503))
            default: .honest
            }
        }
    }

    @Test(arguments: Moment.allCases)
    func `ends promptly, and all that came counts for the next run`(moment: Moment) async throws {
        let harness = try Harness()
        if moment == .hashing { try harness.folder.put(TestModel.other.bytes, "model.data") }
        var lock: DirectoryLock?
        if moment == .locked {
            lock = try DirectoryLock.tryAcquire(in: ModelDirectory(creating: harness.folder.path, on: SystemDisk()))
        }
        try await FaultServer.run(files: harness.model.content, script: moment.script) { server in
            // So patient that the test would run out of time if the run waited for anything.
            let setup = Harness.Setup {
                $0.options.stallTimeout = .seconds(300)
                $0.options.retryDelay = .seconds(300)
                $0.options.retries = 20
            }
            let run = Mutex<Task<Harness.Outcome, any Error>?>(nil)
            let start = AsyncStream<Void>.makeStream()
            let task = Task {
                for await _ in start.stream { break }
                return try await harness.run(server, setup: setup) { event in
                    if moment.matches(event) { run.withLock { $0?.cancel() } }
                }
            }
            run.withLock { $0 = task }
            start.continuation.yield()
            let outcome = try await task.value
            // Who was about to finish may.
            #expect(outcome.report.isCancelled || [.verifying, .publishing, .progress, .receiving].contains(moment))
            // Before any of what it could have waited for.
            #expect(outcome.report.seconds < 250)
            #expect(outcome.report.failures.isEmpty && outcome.report.kind == nil)
            withExtendedLifetime(lock) {}
            lock = nil
            guard moment != .hashing else { return }
            let received = outcome.events.reduce(Int64(0)) { sum, event in
                if case .progress(_, let bytes, true) = event { sum + bytes } else { sum }
            }
            server.replace(script: .honest)
            let next = try await harness.run(server)
            #expect(next.report.isOK)
            if outcome.report.isCancelled {
                #expect(next.file("model.data").bytesReused == received)
                #expect(next.file("model.data").bytesDownloaded == Self.size - received)
            }
        }
    }

    @Test func `ends all of its files`() async throws {
        let harness = try Harness(.checkpoint)
        try await FaultServer.run(files: harness.model.content, script: .always(.stall(after: 5))) { server in
            let setup = Harness.Setup {
                $0.options.stallTimeout = .seconds(300)
                ($0.options.concurrentFiles, $0.options.connections) = (4, 4)
            }
            let run = Task { try await harness.run(server, setup: setup) }
            try await server.wait { log in log.count == 4 && log.allSatisfy(\.stalled) }
            run.cancel()
            let outcome = try await run.value
            #expect(outcome.report.isCancelled && !outcome.report.isOK)
            #expect(outcome.report.files.allSatisfy { $0.state == .failed && $0.failure == nil })
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `Two runs on one directory` {
    private func lock(_ harness: Harness) throws -> DirectoryLock? {
        try DirectoryLock.tryAcquire(in: ModelDirectory(creating: harness.folder.path, on: SystemDisk()))
    }

    @Test func `take turns`() async throws {
        let harness = try Harness()
        let held = Mutex(try lock(harness))
        try await FaultServer.run(files: harness.model.content) { server in
            let outcome = try await harness.run(server) { event in
                // The other one ends when this one says that it waits.
                if case .waitingForLock = event { held.withLock { $0 = nil } }
            }
            #expect(outcome.report.isOK)
            let waits = outcome.events.filter { if case .waitingForLock = $0 { true } else { false } }
            #expect(waits.count == 1)
        }
    }

    @Test func `do not wait for each other when told not to`() async throws {
        let harness = try Harness()
        let held = try lock(harness)
        try await FaultServer.run(files: harness.model.content) { server in
            let outcome = try await harness.run(server, setup: .init { $0.options.waitsForLock = false })
            #expect(outcome.report.kind == .locked && server.log.isEmpty)
        }
        withExtendedLifetime(held) {}
    }

    @Test func `both end right where the lock keeps nobody out`() async throws {
        let harness = try Harness(.checkpoint)
        let setup = Harness.Setup { $0.disk = TestDisk(locksNobodyOut: true) }
        try await FaultServer.run(files: harness.model.content, script: .always(.rate(4_000_000))) { server in
            async let one = harness.runUnchecked(server, setup: setup)
            async let other = harness.runUnchecked(server, setup: setup)
            for report in try await [one, other] { #expect(report.isOK, "\(report.failures)") }
            for file in harness.model.files { #expect(harness.folder.digest(file.path) == file.digest) }
            #expect(
                harness.folder.names == [".modelfetch", "checkpoint", "hparams.json", "model.data", "vocab.bpe"])
        }
    }

    @Test func `pass on what is unfinished where the lock keeps nobody out`() async throws {
        let harness = try Harness(.checkpoint)
        let setup = Harness.Setup {
            $0.disk = TestDisk(locksNobodyOut: true)
            $0.options.retries = 0
        }
        let script: FaultScript = [.on(path: "model.data", request: 0, .drop(after: 600_000))]
        try await FaultServer.run(files: harness.model.content, script: script) { server in
            let first = try await harness.run(server, setup: setup)
            #expect(first.report.kind == .unavailable && first.state("checkpoint") == .held)
            #expect(first.words.contains("file locks have no effect"))
            #expect(harness.folder.has("model.data.partial") && harness.folder.has("checkpoint.partial"))
            let second = try await harness.run(server, setup: setup)
            #expect(second.report.isOK && second.file("model.data").bytesReused == 600_000)
            #expect(second.state("checkpoint") == .resumed)
            #expect(
                harness.folder.names == [".modelfetch", "checkpoint", "hparams.json", "model.data", "vocab.bpe"])
        }
    }
}
