import Testing
import Transfer

@testable import ModelFetch

@Suite struct `Whether anything can be reached` {
    private static let hosts = ["http://one/", "http://two/", "https://one/"]
    private let origins: [HTTPURL.Origin]

    init() throws { origins = try Self.hosts.map { try HTTPURL(parsing: $0).origin } }

    private func network(_ hosts: Int = 1, waits: Bool = false) -> Reachability {
        Reachability(origins: Array(origins[..<hosts]), waits: waits)
    }

    @Test func `is tried for some seconds from the first request on`() {
        var network = network()
        #expect(network.timeLeft(at: .seconds(500)) == .seconds(8))
        _ = network.ask(origins[0], at: .seconds(500))
        #expect(network.timeLeft(at: .seconds(503)) == .seconds(5))
        _ = network.ask(origins[0], at: .seconds(505))
        #expect(network.timeLeft(at: .seconds(508)) == .zero)
        #expect(network.timeLeft(at: .seconds(900)) == .zero)
    }

    @Test func `has time again after a failure of this machine's own`() {
        var network = network()
        _ = network.ask(origins[0], at: .zero)
        network.failedHere()
        #expect(network.timeLeft(at: .seconds(100)) == .seconds(8))
        _ = network.ask(origins[0], at: .seconds(100))
        _ = network.failed(origins[0], TransferError(.connectionFailed))
        network.failedHere()
        #expect(network.timeLeft(at: .seconds(108)) == .zero)
    }

    @Test func `is no question once somebody has answered`() {
        var network = network()
        _ = network.ask(origins[0], at: .zero)
        network.answered()
        let limit = network.ask(origins[0], at: .seconds(900))
        #expect(limit == nil && network.timeLeft(at: .seconds(900)) == nil)
    }

    @Test func `is tried for ever by those who wait for the network`() {
        var network = network(waits: true)
        let limit = network.ask(origins[0], at: .zero)
        #expect(limit == nil && network.timeLeft(at: .seconds(90_000)) == nil)
    }

    @Test func `leaves each host time to connect`() {
        var network = network(3)
        let asked: [(host: Int, second: Int)] = [(0, 0), (0, 2), (1, 2), (2, 5), (0, 6)]
        var limits: [Duration] = []
        for (host, second) in asked {
            if let limit = network.ask(origins[host], at: .seconds(second)) { limits.append(limit) }
        }
        let expected: [Duration] = [.seconds(8) / 3, .seconds(2), .seconds(3), .seconds(3), .seconds(2)]
        #expect(limits == expected)
    }

    @Test func `remembers each host's last failure, in order`() {
        var network = network(3)
        let failures: [(Int, TransferError.Code)] = [
            (1, .nameNotResolved), (0, .connectTimeout), (1, .connectionFailed),
        ]
        let isFirst = failures.map { host, code in network.failed(origins[host], TransferError(code)) }
        #expect(isFirst == [true, true, false])
        #expect(network.failures.map(\.origin) == [origins[1], origins[0]])
        #expect(network.failures.map(\.error.code) == [.connectionFailed, .connectTimeout])
        // The third has not been heard of when time is up.
        #expect(network.verdicts.map(\.origin) == [origins[1], origins[0], origins[2]])
        #expect(network.verdicts.map(\.error.code) == [.connectionFailed, .connectTimeout, .connectTimeout])
    }

    @Test(arguments: [
        (TransferError(.nameNotResolved, "Could not resolve host: one"), "the host name one could not be resolved"),
        (
            TransferError(.nameNotResolved, "that of the proxy", remedy: .checkProxy),
            "could not connect to one: the name of the proxy"
        ),
        (TransferError(.connectionFailed, "Connection refused"), "could not connect to one: Connection refused"),
        (TransferError(.connectionFailed), "could not connect to one"),
        (TransferError(.connectTimeout, "after 8001 ms"), "could not connect to one in time"),
        (TransferError(.tlsFailed, "eof"), "could not connect to one: the TLS handshake failed: eof"),
        (TransferError(.notTLS), "one does not speak TLS (is it http:// instead of https://?)"),
    ])
    func `is said in one line a host, with what to do`(error: TransferError, words: String) {
        let failure = NothingReachable([(origins[0], error)]).hosts[0]
        #expect(failure.message.hasPrefix(words), "\(failure.message)")
        let remedy: Remedy =
            error.remedy == .checkProxy ? .checkProxy : error.code == .notTLS ? .checkAddress : .waitForNetwork
        #expect(failure.kind == .unavailable && failure.file == nil && failure.remedy == remedy)
    }
}
