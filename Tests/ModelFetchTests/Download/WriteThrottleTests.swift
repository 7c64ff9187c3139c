import Testing

@testable import ModelFetch

@Suite struct `A file that is written as a whole while it grows` {
    @Test(arguments: [
        (cost: Duration.zero, pause: Duration.seconds(1)), (.milliseconds(1), .seconds(1)),
        (.milliseconds(52), .seconds(1)), (.milliseconds(100), .milliseconds(1900)), (.seconds(2), .seconds(38)),
    ])
    func `is written at most once a second, and for a twentieth of the time`(cost: Duration, pause: Duration) {
        var throttle = WriteThrottle()
        let end = Duration.seconds(10) + cost
        throttle.wrote(from: .seconds(10), to: end)
        #expect(!throttle.isDue(at: end))
        #expect(!throttle.isDue(at: end + pause))
        #expect(throttle.isDue(at: end + pause + .milliseconds(1)))
    }

    @Test func `is first written after a second`() {
        #expect(!WriteThrottle().isDue(at: .seconds(1)))
        #expect(WriteThrottle().isDue(at: .milliseconds(1001)))
    }
}
