/// The cells between sorted boundaries, for playing a journal in time proportional to its records.
struct Cells {
    private let starts: [Int64]
    var count: Int { starts.count }

    init(boundaries: [Int64]) {
        var starts: [Int64] = []
        for boundary in boundaries.sorted() where boundary != starts.last { starts.append(boundary) }
        self.starts = starts
    }

    /// The cells of a range between two boundaries.
    func indices(of range: Range<Int64>) -> Range<Int> { index(of: range.lowerBound)..<index(of: range.upperBound) }

    /// The ranges of some cells in order, adjacent ones joined.
    func ranges(of indices: [Int]) -> [Range<Int64>] {
        var ranges: [Range<Int64>] = []
        for index in indices {
            let range = starts[index]..<starts[index + 1]
            if let last = ranges.last, last.upperBound == range.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
            } else {
                ranges.append(range)
            }
        }
        return ranges
    }

    private func index(of boundary: Int64) -> Int {
        var (low, high) = (0, starts.count)
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] < boundary { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Which cells are painted: a union-find structure in which a painted cell points towards the next unpainted one.
struct Painting {
    private var next: [Int]

    init(_ cells: Cells) { next = Array(0...cells.count) }

    /// Paints the unpainted cells of a range, in order, and returns how many there were.
    @discardableResult
    mutating func paint(_ cells: Range<Int>, each body: (Int) -> Void = { _ in }) -> Int {
        var painted = 0
        var cell = firstUnpainted(from: cells.lowerBound)
        while cell < cells.upperBound {
            next[cell] = cell + 1
            painted += 1
            body(cell)
            cell = firstUnpainted(from: cell)
        }
        return painted
    }

    private mutating func firstUnpainted(from cell: Int) -> Int {
        var root = cell
        while next[root] != root { root = next[root] }
        // Path compression.
        var step = cell
        while step != root {
            let following = next[step]
            next[step] = root
            step = following
        }
        return root
    }
}
