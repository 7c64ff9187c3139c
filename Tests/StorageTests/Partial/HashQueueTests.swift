import Testing

@testable import Storage

@Suite struct `Bytes that wait to be hashed` {
    private final class Owner: Sendable {}

    private func item(_ range: Range<Int64>, owner: Owner = Owner()) -> HashQueue.Item {
        .init(range: range, bytes: LentBytes(UnsafeRawBufferPointer(start: nil, count: 0)), owner: owner)
    }

    private func expectAppended(_ ranges: [Range<Int64>], _ queue: inout HashQueue) {
        for range in ranges {
            let isAppended = queue.append(item(range))
            #expect(isAppended)
        }
    }

    @Test func `are taken in order, each when the hasher has come to it`() {
        var queue = HashQueue()
        expectAppended([10..<20, 20..<50], &queue)
        #expect(queue.start == 10 && queue.end == 50)
        for (position, range) in [(5, nil), (10, 10..<20), (20, 20..<50), (50, nil)] as [(Int64, Range<Int64>?)] {
            let next = queue.next(at: position)
            #expect(next?.range == range)
        }
        #expect(queue.start == nil && queue.end == 50)
    }

    @Test func `are forgotten when they were read back meanwhile`() {
        var queue = HashQueue()
        expectAppended([10..<20, 20..<30, 30..<40], &queue)
        let within = queue.next(at: 25)
        let behind = queue.next(at: 30)
        #expect(within == nil && behind?.range == 30..<40)
    }

    @Test func `are not too many`() {
        var queue = HashQueue()
        let most = Int64(HashQueue.most)
        expectAppended([0..<most - 1], &queue)
        let hadRoom = queue.append(item(most - 1..<most + 1))
        #expect(!hadRoom && queue.end == most - 1)
        expectAppended([most - 1..<most], &queue)
        _ = queue.next(at: 0)
        expectAppended([most..<2 * most - 1], &queue)
    }

    @Test func `stay in memory until they are taken or forgotten`() {
        var queue = HashQueue()
        weak var first: Owner?
        weak var second: Owner?
        do {
            let owners = (Owner(), Owner())
            (first, second) = owners
            _ = queue.append(item(0..<1, owner: owners.0))
            _ = queue.append(item(1..<2, owner: owners.1))
        }
        #expect(first != nil && second != nil)
        _ = queue.next(at: 0)
        #expect(first == nil && second != nil)
        queue.removeAll()
        #expect(second == nil && queue.start == nil && queue.end == 0)
    }
}
