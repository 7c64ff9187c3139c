import Testing

@testable import ModelFetch

@Suite struct `A throughput` {
    @Test func `is known from a moment that was observed, to the newest count`() {
        var meter = ThroughputMeter()
        #expect(meter.rate(last: .seconds(1)) == nil)
        meter.record(0, at: .seconds(1))
        #expect(meter.rate(since: .seconds(1)) == nil)
        meter.record(500, at: .seconds(2))
        meter.record(700, at: .milliseconds(2001))
        #expect(meter.rate(since: .seconds(1)).map { $0.rounded() } == 699)
        #expect(meter.rate(since: .zero) == nil)
        meter.record(1700, at: .seconds(3))
        #expect(meter.rate(last: .seconds(1)) == 1200)
    }

    @Test func `is known over the last seconds, however long it is observed`() {
        var meter = ThroughputMeter()
        for step in 0..<20_000 as Range<Int64> { meter.record(step * 1000, at: .milliseconds(step)) }
        for span in [1, 2, 4] { #expect(meter.rate(last: .seconds(span)).map { $0.rounded() } == 1e6) }
        #expect(meter.rate(since: .zero) == nil)
    }
}
