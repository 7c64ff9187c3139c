import Synchronization
import Testing

@testable import Transfer

@Suite struct `A chunk` {
    @Test func `the last slice of a chunk returns its buffer`() {
        let returned = Returned()
        var chunk: Chunk? = Chunk(owning: .allocate(byteCount: 8, alignment: 16), count: 8) {
            $0.deallocate()
            returned.set()
        }
        var slice = chunk?.slice(2..<5)
        chunk = nil
        #expect(!returned.isSet)
        #expect(slice?.count == 3)
        slice = slice?.slice(1..<2)
        #expect(!returned.isSet)
        slice = nil
        #expect(returned.isSet)
    }

    @Test func `a slice of a chunk has its bytes`() {
        let slice = Chunk(copying: [1, 2, 3, 4]).slice(1..<3)
        #expect(slice.withBytes { Array($0) } == [2, 3])
        #expect(slice.slice(0..<0).count == 0)
    }

    private final class Returned: Sendable {
        private let flag = Mutex(false)
        func set() { flag.withLock { $0 = true } }
        var isSet: Bool { flag.withLock { $0 } }
    }
}
