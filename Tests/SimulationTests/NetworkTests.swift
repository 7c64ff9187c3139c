import Testing
import Transfer

@testable import Simulation

/// The simulated network counts transfers and behaves accordingly.
@Suite struct `A simulated network` {
    private let scheduler = Scheduler(seed: 1)

    private func network(_ set: (inout SourcePlan) -> Void) -> SimulatedNetwork {
        var plan = SourcePlan(rank: 0, tag: .strong, faults: [], chunk: 1000, refusal: nil)
        set(&plan)
        return SimulatedNetwork(
            scheduler, seed: 1, files: ["f": Pool.bytes(10_000, number: 0)], sources: [plan], stallTimeout: .seconds(30)
        )
    }

    /// Everything runs on one thread.
    private final class Box<Value>: @unchecked Sendable {
        var value: Value?
    }

    /// What a task returns that runs until it has ended.
    private func run<Value>(_ body: @escaping () async throws -> Value) throws -> Value {
        let (box, work) = (Box<Result<Value, any Error>>(), Box<() async throws -> Value>())
        work.value = body
        Task(executorPreference: scheduler) {
            do { box.value = .success(try await work.value!()) } catch { box.value = .failure(error) }
        }
        #expect(scheduler.drive(steps: 100_000, until: .seconds(1000)) { box.value != nil } == .done)
        return try #require(box.value).get()
    }

    private func request(_ range: Range<Int64>? = nil) throws -> TransportRequest {
        TransportRequest(url: try HTTPURL(parsing: SimulatedNetwork.url(of: 0) + "f"), range: range)
    }

    private func bytes(_ response: any TransportResponse) async throws -> Int {
        var count = 0
        while let chunk = try await response.next() { count += chunk.count }
        return count
    }

    @Test(arguments: [(.tooMany, 429), (.unavailable, 503), (.noConnection, nil)] as [(Traffic.Refusal, Int?)])
    func `refuses more transfers than it accepts, until one has ended`(refusal: Traffic.Refusal, status: Int?) throws {
        let network = network { ($0.traffic.accepted, $0.traffic.refusal) = (2, refusal) }
        let transport = SimulatedTransport(network)
        try run { [self] in
            let first = try await transport.get(request())
            let second = try await transport.get(request(0..<100))
            #expect(network.open["f"] == 2)
            if let status {
                let refused = try await transport.get(request())
                #expect(refused.head.status == status)
            } else {
                await #expect(throws: TransferError.self) { try await transport.get(self.request()) }
            }
            #expect(network.takeFired() == [.overloaded])
            second.cancel()
            #expect(network.open["f"] == 1)
            let third = try await transport.get(request())
            #expect(third.head.status == 200)
            let counts = [try await bytes(first), try await bytes(third)]
            #expect(counts == [10_000, 10_000])
            #expect(network.open["f"] == 0)
            #expect(network.mostOpen == 2)
        }
    }

    @Test func `forgets a response that is released`() throws {
        let network = network { _ in }
        let transport = SimulatedTransport(network)
        try run { [self] in _ = try await transport.get(request()) }
        #expect(network.open["f"] == 0)
    }

    @Test func `wakes the reader of a silent response when another task ends it`() throws {
        let network = network { $0.traffic.habits = [.init(every: 1, fault: .stall(after: 100))] }
        let transport = SimulatedTransport(network)
        let response = try run { [self] in try await transport.get(request()) }
        let began = scheduler.now
        scheduler.after(.seconds(2)) { response.cancel() }
        #expect(throws: TransferError.self) { try run { [self] in try await bytes(response) } }
        #expect(scheduler.now == began + .seconds(2))
    }

    @Test func `crawls beyond some transfers`() throws {
        let network = network { ($0.traffic.rate, $0.traffic.uncrawling) = (1000, 1) }
        let transport = SimulatedTransport(network)
        let fast = try run { [self] in try await transport.get(request()) }
        let slow = try run { [self] in try await transport.get(request()) }
        func time(_ response: any TransportResponse) throws -> Duration {
            let began = scheduler.now
            let count = try run { [self] in try await bytes(response) }
            #expect(count == 10_000)
            return scheduler.now - began
        }
        let (quick, long) = (try time(fast), try time(slow))
        #expect(quick * 20 < long)
    }

    @Test func `ends parts early, alternates tags and lies about one byte, as its habits are`() throws {
        let network = network {
            $0.traffic.alternates = true
            $0.traffic.habits = [
                .init(every: 2, fault: .part(bytes: 50)), .init(every: 1, fault: .wrongByte(at: 200, mask: 4)),
            ]
        }
        let transport = SimulatedTransport(network)
        let right = Pool.bytes(10_000, number: 0)
        try run { [self] in
            var tags: [String?] = []
            for (range, first, count) in [(100..<300, 100, 200), (100..<300, 100, 50), (200..<201, 200, 1)] {
                let response = try await transport.get(request(Int64(range.lowerBound)..<Int64(range.upperBound)))
                tags.append(response.head.first("etag"))
                var got: [UInt8] = []
                while let chunk = try await response.next() { chunk.withBytes { got += $0 } }
                var expected = Array(right[first..<first + count])
                if first + count > 200 { expected[200 - first] ^= 4 }
                #expect(got == expected)
            }
            #expect(tags[0] != tags[1] && tags[0] == tags[2])
        }
    }
}
