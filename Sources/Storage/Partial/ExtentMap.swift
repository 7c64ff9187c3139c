/// Which bytes of a file there are, and which source each came from: disjoint half-open ranges in order, each with a source.
///
/// Adjacent ranges of one source are joined, so a file that came in one piece is one extent.
package struct ExtentMap: Hashable, Sendable {
    package struct Extent: Hashable, Sendable {
        package var range: Range<Int64>
        package var source: UInt16

        package init(_ range: Range<Int64>, source: UInt16) {
            self.range = range
            self.source = source
        }
    }

    /// In order, disjoint, none empty, no two adjacent ones with the same source.
    ///
    /// A slice, because removing its first element does not move the others: claims are checked from the beginning of the file,
    /// and there may be a million.
    private var inOrder: ArraySlice<Extent> = []

    /// All extents, in order.
    package var extents: [Extent] { Array(inOrder) }

    /// The total number of bytes.
    package private(set) var byteCount: Int64 = 0

    package init() {}

    /// Adds a range. Bytes of it that were already there now belong to `source`.
    package mutating func insert(_ range: Range<Int64>, source: UInt16) {
        guard !range.isEmpty else { return }
        remove(range)
        let index = firstIndex(endingAfter: range.lowerBound)
        byteCount += Int64(range.count)
        inOrder.insert(Extent(range, source: source), at: index)
        if index + 1 < inOrder.endIndex, inOrder[index + 1].source == source,
            inOrder[index + 1].range.lowerBound == range.upperBound
        {
            inOrder[index].range = range.lowerBound..<inOrder[index + 1].range.upperBound
            inOrder.remove(at: index + 1)
        }
        if index > inOrder.startIndex, inOrder[index - 1].source == source,
            inOrder[index - 1].range.upperBound == range.lowerBound
        {
            inOrder[index - 1].range = inOrder[index - 1].range.lowerBound..<inOrder[index].range.upperBound
            inOrder.remove(at: index)
        }
    }

    /// Removes a range. Extents that reach into it are shortened or split.
    package mutating func remove(_ range: Range<Int64>) {
        guard !range.isEmpty else { return }
        let first = firstIndex(endingAfter: range.lowerBound)
        var last = first
        var kept: [Extent] = []
        while last < inOrder.endIndex, inOrder[last].range.lowerBound < range.upperBound {
            let extent = inOrder[last]
            byteCount -= Int64(extent.range.clamped(to: range).count)
            if extent.range.lowerBound < range.lowerBound {
                kept.append(Extent(extent.range.lowerBound..<range.lowerBound, source: extent.source))
            }
            if extent.range.upperBound > range.upperBound {
                kept.append(Extent(range.upperBound..<extent.range.upperBound, source: extent.source))
            }
            last += 1
        }
        replace(first..<last, with: kept)
    }

    /// Replaces extents, and moves those before them or those after them, whichever are fewer.
    private mutating func replace(_ old: Range<Int>, with new: [Extent]) {
        let surplus = old.count - new.count
        guard surplus > 0, old.lowerBound - inOrder.startIndex < inOrder.endIndex - old.upperBound else {
            if !old.isEmpty { inOrder.replaceSubrange(old, with: new) }
            return
        }
        for (index, extent) in zip(old.upperBound - new.count..<old.upperBound, new) { inOrder[index] = extent }
        for index in (inOrder.startIndex..<old.lowerBound).reversed() { inOrder[index + surplus] = inOrder[index] }
        inOrder.removeFirst(surplus)
    }

    /// Where the contiguous bytes that begin at `offset` end, whatever their sources; `offset` itself if that byte is missing.
    ///
    /// - Parameter limit: the search stops here. The result may be greater.
    package func contiguousEnd(from offset: Int64, limit: Int64 = .max) -> Int64 {
        var end = offset
        for extent in inOrder[firstIndex(endingAfter: offset)...] {
            guard extent.range.lowerBound <= end, end < limit else { break }
            end = extent.range.upperBound
        }
        return end
    }

    /// Whether the map has every byte of `range`.
    package func contains(_ range: Range<Int64>) -> Bool {
        range.isEmpty || contiguousEnd(from: range.lowerBound, limit: range.upperBound) >= range.upperBound
    }

    /// The first missing range that begins at or after `offset` and ends at or before `limit`; `nil` if there is none.
    package func firstGap(from offset: Int64, limit: Int64) -> Range<Int64>? {
        let start = contiguousEnd(from: offset, limit: limit)
        guard start < limit else { return nil }
        let next = firstIndex(endingAfter: start)
        let end = next < inOrder.endIndex ? min(inOrder[next].range.lowerBound, limit) : limit
        return start..<end
    }

    /// The ranges of one source.
    package func ranges(of source: UInt16) -> [Range<Int64>] { inOrder.filter { $0.source == source }.map(\.range) }

    /// The index of the first extent that ends after `offset`, by bisection.
    private func firstIndex(endingAfter offset: Int64) -> Int {
        var (low, high) = (inOrder.startIndex, inOrder.endIndex)
        while low < high {
            let middle = (low + high) / 2
            if inOrder[middle].range.upperBound > offset { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
