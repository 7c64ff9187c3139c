import CCurl
import LoopbackServer
import Synchronization
import Testing

@testable import Transfer

/// libcurl's multi interface failing, which it hardly ever does: out of memory, or of descriptors.
@Suite(.timeLimit(.minutes(10))) struct `A failure of libcurl's multi interface` {
    enum Call: CaseIterable { case perform, poll }

    /// Makes so many of the coming calls fail.
    private final class Saboteur: Sendable {
        private let left = Mutex(0)

        func fail(next count: Int) { left.withLock { $0 = count } }

        func fails() -> Bool {
            left.withLock { left in
                defer { left = max(left - 1, 0) }
                return left > 0
            }
        }

        func driver(_ call: Call) -> MultiDriver {
            let code = CURLM_OUT_OF_MEMORY.rawValue
            var driver = MultiDriver.libcurl
            switch call {
            case .perform: driver.perform = { self.fails() ? code : MultiDriver.libcurl.perform($0) }
            case .poll: driver.poll = { self.fails() ? code : MultiDriver.libcurl.poll($0, $1) }
            }
            return driver
        }
    }

    @Test(arguments: Call.allCases, [1, 3])
    func `a failure of the multi interface fails the current transfers only`(call: Call, failures: Int) async throws {
        let saboteur = Saboteur()
        var configuration = TransportConfiguration(version: "test")
        (configuration.proxy, configuration.stallTimeout) = ("", .seconds(600))
        let transport = try CurlTransport(configuration, driver: saboteur.driver(call))
        let server = LoopbackServer { connection, head in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
            guard !head.hasPrefix("GET /slow") else { return true }
            return connection.send("cde")
        }
        defer {
            transport.shutdown()
            server.stop()
        }
        let slow = try await transport.get(TransportRequest(url: try server.url("/slow")))
        saboteur.fail(next: failures)
        // Wakes the loop, and goes down with the other, unless it was quicker.
        let url = try server.url("/second")
        let second = Task { try await read(try await transport.get(TransportRequest(url: url))) }
        let error = await #expect(throws: TransferError.self) { try await read(slow) }
        #expect(error?.code == .localFailure && error?.disposition == .retry)
        switch await second.result {
        case .success(let bytes): #expect(bytes.count == 5)
        case .failure(let error): #expect((error as? TransferError)?.code == .localFailure)
        }
        // Once the calls succeed again so do the transfers.
        while saboteur.fails() {}
        for _ in 0..<3 {
            let response = try await transport.get(TransportRequest(url: url))
            #expect(try await read(response) == Array("abcde".utf8))
        }
    }

    @Test func `a lasting failure of the multi interface does not block the shutdown`() async throws {
        let saboteur = Saboteur()
        saboteur.fail(next: .max)
        let transport = try CurlTransport(TransportConfiguration(version: "test"), driver: saboteur.driver(.perform))
        let url = try HTTPURL(parsing: "http://127.0.0.1:1/")
        for _ in 0..<3 {
            let error = await #expect(throws: TransferError.self) {
                try await transport.get(TransportRequest(url: url))
            }
            #expect(error?.code == .localFailure)
        }
        transport.shutdown()
    }
}
