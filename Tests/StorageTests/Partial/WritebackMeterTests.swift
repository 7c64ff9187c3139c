import Testing

@testable import Storage

@Suite struct `A writeback meter` {
    private let due = WritebackMeter.requestBytes

    @Test func `asks for the range around everything once enough was written`() {
        var meter = WritebackMeter()
        #expect(meter.wrote(due..<due + due / 2) == nil)
        #expect(meter.wrote(0..<due / 2 - 1) == nil)
        #expect(meter.wrote(10 * due..<10 * due + 1) == 0..<10 * due + 1)
        // It starts over.
        #expect(meter.wrote(0..<due - 1) == nil)
        #expect(meter.wrote(due - 1..<3 * due) == 0..<3 * due)
    }
}
