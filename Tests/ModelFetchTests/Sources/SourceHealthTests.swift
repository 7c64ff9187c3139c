import Testing
import Transfer

@testable import ModelFetch

@Suite struct `The health of a source` {
    enum Event: Sendable { case answered, unreachable, wrong, ours, givenUp }

    @Test(
        arguments: [
            ([.unreachable, .unreachable], false),
            ([.unreachable, .givenUp, .unreachable], true),
            // Nothing was tried, so there is nothing to give up.
            ([.givenUp, .unreachable], false),
            ([.answered, .unreachable, .givenUp, .unreachable], false),
            ([.wrong, .givenUp, .unreachable], false),
            ([.unreachable, .givenUp, .answered, .unreachable], false),
            ([.unreachable, .givenUp, .wrong], false),
            // A failure of this machine says nothing about the source.
            ([.ours, .unreachable, .givenUp, .ours], false),
            ([.unreachable, .givenUp, .ours, .unreachable], true),
        ] as [([Event], Bool)])
    func `is hopeless once a file has given it up without any answer`(events: [Event], isHopeless: Bool) {
        var health = SourceHealth()
        var verdict = false
        for event in events {
            switch event {
            case .answered: health.answered()
            case .unreachable: verdict = health.failed(TransferError(.connectionFailed))
            case .wrong: verdict = health.failed(TransferError(.short))
            case .ours: verdict = health.failed(TransferError(.localFailure))
            case .givenUp: health.giveUp()
            }
        }
        #expect(verdict == isHopeless)
    }

    @Test func `tells until when its host wants to be left alone`() {
        var health = SourceHealth()
        #expect(health.notBefore == .zero)
        health.pause(.seconds(10), now: .seconds(5))
        health.pause(.seconds(1), now: .seconds(6))
        #expect(health.notBefore == .seconds(15))
    }

    @Test func `remembers that ranges are refused`() {
        var health = SourceHealth()
        #expect(!health.refusesRanges)
        health.deliveredWhole()
        #expect(health.refusesRanges)
    }

    @Test func `shares a pause with every source on the same host, and with no other`() throws {
        let urls = ["http://a/x", "http://a:81/x", "http://a/y"]
        let table = SourceHealthTable(origins: try urls.map { try HTTPURL(parsing: $0).origin })
        table.pauseHost(of: 2, for: .seconds(10), now: .seconds(5))
        #expect(table.all.map(\.notBefore) == [.seconds(15), .zero, .seconds(15)])
    }
}
