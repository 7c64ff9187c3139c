/// Which bytes of a file are there, and where they came from: disjoint half-open ranges in order, each with a source.
///
/// A pure value. Neighbours of one source are joined, so a file that came in one piece is one extent.
package struct ExtentMap: Hashable, Sendable {
    package struct Extent: Hashable, Sendable {
        package var range: Range<Int64>
        package var source: UInt16

        package init(_ range: Range<Int64>, source: UInt16) {
            self.range = range
            self.source = source
        }
    }

    /// In order, disjoint, none empty, no two of one source that touch.
    package private(set) var extents: [Extent] = []

    package init() {}

    /// The number of bytes that are there.
    package var byteCount: Int64 { extents.reduce(0) { $0 + Int64($1.range.count) } }

    /// Adds a range. What was there before under it now belongs to `source`.
    package mutating func insert(_ range: Range<Int64>, source: UInt16) {
        guard !range.isEmpty else { return }
        remove(range)
        var index = firstIndex(endingAfter: range.lowerBound)
        extents.insert(Extent(range, source: source), at: index)
        if index + 1 < extents.count, extents[index + 1].source == source,
            extents[index + 1].range.lowerBound == range.upperBound
        {
            extents[index].range = range.lowerBound..<extents[index + 1].range.upperBound
            extents.remove(at: index + 1)
        }
        if index > 0, extents[index - 1].source == source, extents[index - 1].range.upperBound == range.lowerBound {
            extents[index - 1].range = extents[index - 1].range.lowerBound..<extents[index].range.upperBound
            extents.remove(at: index)
            index -= 1
        }
    }

    /// Takes a range out, cutting extents that reach into it.
    package mutating func remove(_ range: Range<Int64>) {
        guard !range.isEmpty else { return }
        let first = firstIndex(endingAfter: range.lowerBound)
        var last = first
        var kept: [Extent] = []
        while last < extents.count, extents[last].range.lowerBound < range.upperBound {
            let extent = extents[last]
            if extent.range.lowerBound < range.lowerBound {
                kept.append(Extent(extent.range.lowerBound..<range.lowerBound, source: extent.source))
            }
            if extent.range.upperBound > range.upperBound {
                kept.append(Extent(range.upperBound..<extent.range.upperBound, source: extent.source))
            }
            last += 1
        }
        extents.replaceSubrange(first..<last, with: kept)
    }

    /// Where the run of bytes that begins at `offset` ends, whatever their sources; `offset` itself if that byte is missing.
    package func contiguousEnd(from offset: Int64) -> Int64 {
        var end = offset
        for extent in extents[firstIndex(endingAfter: offset)...] {
            guard extent.range.lowerBound <= end else { break }
            end = extent.range.upperBound
        }
        return end
    }

    /// Whether every byte of `range` is there.
    package func contains(_ range: Range<Int64>) -> Bool {
        range.isEmpty || contiguousEnd(from: range.lowerBound) >= range.upperBound
    }

    /// The first range without bytes that begins at or after `offset` and ends by `limit`; `nil` if there is none.
    package func firstGap(from offset: Int64, limit: Int64) -> Range<Int64>? {
        let start = contiguousEnd(from: offset)
        guard start < limit else { return nil }
        let next = firstIndex(endingAfter: start)
        let end = next < extents.count ? min(extents[next].range.lowerBound, limit) : limit
        return start..<end
    }

    /// The ranges that came from a source.
    package func ranges(of source: UInt16) -> [Range<Int64>] { extents.filter { $0.source == source }.map(\.range) }

    /// The index of the first extent that ends after `offset`, by bisection.
    private func firstIndex(endingAfter offset: Int64) -> Int {
        var (low, high) = (0, extents.count)
        while low < high {
            let middle = (low + high) / 2
            if extents[middle].range.upperBound > offset { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
