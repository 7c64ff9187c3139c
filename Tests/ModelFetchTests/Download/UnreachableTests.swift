import Synchronization
import Testing
import Transfer

@testable import ModelFetch

/// Runs in which nobody answers, or not yet; on a clock whose sleeps take no time.
@Suite(.timeLimit(.minutes(10))) struct `A run that reaches nobody` {
    private static let urls = ["http://one.test/a/", "https://two.test/", "http://one.test/b/"]
    private let time = Time.jumping { _ in }

    private func setup(
        _ network: FakeNetwork, _ change: (inout DownloadOptions) -> Void = { _ in }
    ) -> Harness.Setup {
        var setup = Harness.Setup()
        setup.transport = network
        setup.time = time
        setup.options.retries = 8
        setup.options.retryDelay = .milliseconds(500)
        change(&setup.options)
        return setup
    }

    private func server(of model: TestModel, for request: TransportRequest) -> FakeNetwork.Answer {
        let path = request.url.path.split(separator: "/").last.map(String.init) ?? ""
        return .part(of: model[path], request)
    }

    /// The clock adds up what several files wait for at once, so that only one file's waiting can be timed.
    @Test(
        arguments: [.nameNotResolved, .connectionFailed, .connectTimeout, .tlsFailed, .notTLS] as [TransferError.Code],
        [0, 2, 8, 1000])
    func `ends within 10 seconds, with a line for each host`(code: TransferError.Code, retries: Int) async throws {
        let (report, requests) = try await runInVain(code) { ($0.retries, $0.concurrentFiles) = (retries, 1) }
        #expect(report.seconds < 10, "\(report.seconds) s")
        // Every source was asked; and what is not retried is asked once by the file that is worked on.
        #expect(Set(requests.map(\.url.origin)).count == 2)
        if code == .notTLS || retries == 0 { #expect(requests.count <= 3) }
        #expect(requests.count < 200)
    }

    @Test(arguments: [.connectionFailed, .connectTimeout] as [TransferError.Code], [0, 8])
    func `has a line for each host, whichever of its files finds it out`(
        code: TransferError.Code, retries: Int
    ) async throws {
        _ = try await runInVain(code) { ($0.retries, $0.concurrentFiles) = (retries, 4) }
    }

    private func runInVain(
        _ code: TransferError.Code, _ change: (inout DownloadOptions) -> Void
    ) async throws -> (DownloadReport, [TransportRequest]) {
        let harness = try Harness(.checkpoint)
        let network = FakeNetwork(time) { _, _ throws(TransferError) in throw TransferError(code) }
        let outcome = try await harness.run(from: Self.urls, setup: setup(network, change))
        let report = outcome.report
        #expect(report.kind == .unavailable && !report.isCancelled)
        #expect(Set(report.failures.map(\.source)) == ["http://one.test", "https://two.test"])
        #expect(report.failures.count == 2)
        #expect(report.files.allSatisfy { $0.state == .failed && $0.failure == nil })
        // Nothing but that is said, by none of the files.
        for event in outcome.events {
            switch event {
            case .retrying, .sourceDropped, .warning, .finished: Issue.record("\(event)")
            default: break
            }
        }
        return (report, network.requests)
    }

    @Test func `grants no second file its own 10 seconds`() async throws {
        let harness = try Harness(.checkpoint)
        let network = FakeNetwork(time) { _, _ throws(TransferError) in throw TransferError(.connectionFailed) }
        let report = try await harness.run(
            from: ["http://one.test/"], setup: setup(network) { $0.concurrentFiles = 1 }
        ).report
        #expect(report.failures.count == 1 && report.seconds < 10)
        #expect(Set(network.requests.map(\.url.path)) == ["/model.data"])
    }

    @Test func `finds the one source that answers behind those that swallow everything`() async throws {
        let harness = try Harness(.checkpoint)
        let network = FakeNetwork(time) { request, _ throws(TransferError) in
            guard request.url.host == "two.test" else { throw TransferError(.connectTimeout) }
            return server(of: harness.model, for: request)
        }
        let report = try await harness.run(from: Self.urls, setup: setup(network)).report
        #expect(report.isOK, "\(report.failures)")
    }

    @Test func `is as patient as ever once anything has answered`() async throws {
        let harness = try Harness()
        let network = FakeNetwork(time) { request, number throws(TransferError) in
            switch number {
            case 0: .init(status: 503)
            case 1...8: throw TransferError(.connectTimeout)
            default: server(of: harness.model, for: request)
            }
        }
        let outcome = try await harness.run(from: ["http://one.test/"], setup: setup(network) { $0.retries = 9 })
        #expect(outcome.report.isOK && outcome.report.seconds > 60, "\(outcome.report.failures)")
        #expect(network.requests.dropFirst().allSatisfy { $0.connectTimeout == nil })
        #expect(outcome.words.contains("connecting timed out"))
    }

    @Test(arguments: [0, 3]) func `goes on for hours where it waits for the network`(retries: Int) async throws {
        let harness = try Harness(.checkpoint)
        let network = FakeNetwork(time) { request, number throws(TransferError) in
            if number < 1000 { throw TransferError(.nameNotResolved) }
            return server(of: harness.model, for: request)
        }
        let outcome = try await harness.run(
            from: Self.urls,
            setup: setup(network) { options in
                options.waitsForNetwork = true
                options.retries = retries
            })
        #expect(outcome.report.isOK && outcome.report.seconds > 600, "\(outcome.report.failures)")
        let warnings = outcome.events.compactMap { if case .warning(let text) = $0 { text } else { nil } }
        #expect(warnings.count == 2 && warnings.allSatisfy { $0.contains("waiting for the network") }, "\(warnings)")
    }

    @Test func `does not wait for a server that does not speak TLS`() async throws {
        let harness = try Harness()
        let network = FakeNetwork(time) { _, _ throws(TransferError) in throw TransferError(.notTLS) }
        let report = try await harness.run(
            from: ["https://one.test/"], setup: setup(network) { $0.waitsForNetwork = true }
        ).report
        #expect(report.kind == .unavailable && network.requests.count == 1)
    }

    @Test func `does not call it an interruption when a transfer is broken off`() async throws {
        let harness = try Harness()
        let network = FakeNetwork(time) { request, number throws(TransferError) in
            if number < 3 { throw TransferError(.cancelled) }
            return server(of: harness.model, for: request)
        }
        let report = try await harness.run(from: ["http://one.test/"], setup: setup(network)).report
        #expect(report.isOK && !report.isCancelled, "\(report.failures)")
        let hopeless = FakeNetwork(time) { _, _ throws(TransferError) in throw TransferError(.cancelled) }
        let other = try Harness()
        let failed = try await other.run(from: ["http://one.test/"], setup: setup(hopeless)).report
        #expect(failed.kind == .unavailable && !failed.isCancelled)
    }
}

/// Servers that send less than was asked for, again and again.
@Suite(.timeLimit(.minutes(10))) struct `A server that sends little at a time` {
    private func run(_ bytesAtATime: Int) async throws -> (report: DownloadReport, requests: Int, waits: Int, kept: Int)
    {
        let harness = try Harness(TestModel(files: [.init("model.data", TestModel.synthetic(200_000, seed: 5))]))
        let waits = Mutex(0)
        // Those of a transfer's end are no pauses. They move the clock as well, and so may use up a pause.
        let time = Time.jumping { wait in if wait != .seconds(1) { waits.withLock { $0 += 1 } } }
        let network = FakeNetwork(time) { request, _ throws(TransferError) in
            .part(of: harness.model["model.data"], request, atMost: bytesAtATime)
        }
        var setup = Harness.Setup()
        (setup.transport, setup.time) = (network, time)
        setup.options.retries = 8
        setup.options.retryDelay = .milliseconds(500)
        let report = try await harness.run(from: ["http://one.test/"], setup: setup).report
        let kept = report.failures.first?.message.contains("9 B of 200.0 kB is kept") == true
        return (report, network.requests.count, waits.withLock { $0 }, kept ? 9 : 0)
    }

    @Test func `is paced and given up when it is a byte`() async throws {
        let (report, requests, waits, kept) = try await run(1)
        #expect(report.kind == .unavailable)
        #expect(requests == 9 && (6...8).contains(waits) && kept == 9, "\(report.failures)")
    }

    @Test func `is paced and gets there when it is some kilobytes`() async throws {
        let (report, requests, waits, _) = try await run(4 << 10)
        #expect(report.isOK, "\(report.failures)")
        #expect(requests == 49 && (40...48).contains(waits), "\(waits)")
    }

    @Test func `is not held up when it is enough`() async throws {
        let (report, requests, waits, _) = try await run(20 << 10)
        #expect(report.isOK, "\(report.failures)")
        // The first one, for the whole, breaks off.
        #expect(requests == 10 && waits <= 1)
    }
}
