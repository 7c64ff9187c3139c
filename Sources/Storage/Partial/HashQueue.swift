/// Bytes in memory that wait for the hasher, so that whoever wrote them can go on. There is no gap between them.
package struct HashQueue {
    /// How many bytes may wait. What does not find room is read back from the page cache.
    package static let most = 8 << 20

    struct Item {
        let range: Range<Int64>
        let bytes: LentBytes
        /// Keeps the bytes in memory.
        let owner: any AnyObject & Sendable
    }

    private var items: [Item] = []
    private var byteCount = 0
    /// Where those end that were appended last.
    private(set) var end: Int64 = 0

    /// Where the first of them begin.
    var start: Int64? { items.first?.range.lowerBound }

    /// - Returns: whether there was room.
    mutating func append(_ item: Item) -> Bool {
        guard byteCount + item.range.count <= Self.most else { return false }
        items.append(item)
        byteCount += item.range.count
        end = item.range.upperBound
        return true
    }

    /// Takes the bytes that begin at the hasher's position. Those before it have been read back meanwhile.
    mutating func next(at position: Int64) -> Item? {
        while let first = items.first, first.range.lowerBound <= position {
            items.removeFirst()
            byteCount -= first.range.count
            if first.range.lowerBound == position { return first }
        }
        return nil
    }

    mutating func removeAll() {
        items = []
        (byteCount, end) = (0, 0)
    }
}
