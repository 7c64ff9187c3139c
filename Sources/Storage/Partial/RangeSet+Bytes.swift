extension RangeSet<Int64> {
    /// The number of bytes in all ranges. Takes time in proportion to the number of ranges.
    var byteCount: Int64 { ranges.reduce(0) { $0 + Int64($1.count) } }

    /// Whether every byte of `range` is in the set. Found by bisection.
    func contains(_ range: Range<Int64>) -> Bool {
        let ranges = ranges
        var (low, high) = (ranges.startIndex, ranges.endIndex)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound > range.lowerBound { high = middle } else { low = middle + 1 }
        }
        guard low < ranges.endIndex else { return range.isEmpty }
        return range.isEmpty || ranges[low].lowerBound <= range.lowerBound && ranges[low].upperBound >= range.upperBound
    }
}
