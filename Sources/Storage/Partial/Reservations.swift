/// The ranges of a file that are being written or checked at the moment, each by one thread, and which of these bytes were
/// discarded meanwhile.
struct Reservations {
    private var taken = RangeSet<Int64>()
    /// The part of `taken` that was discarded since.
    private var discarded = RangeSet<Int64>()

    /// The parts of a range that are free.
    func free(in range: Range<Int64>) -> [Range<Int64>] {
        taken.isEmpty ? [range] : Array(RangeSet(range).subtracting(taken).ranges)
    }

    /// Takes a range, until ``end(_:)``.
    mutating func begin(_ range: Range<Int64>) { taken.insert(contentsOf: range) }

    mutating func end(_ range: Range<Int64>) {
        taken.remove(contentsOf: range)
        discarded.remove(contentsOf: range)
    }

    /// Notes that bytes are discarded.
    mutating func discard(_ range: Range<Int64>) {
        discarded.formUnion(taken.intersection(RangeSet(range)))
    }

    /// Whether bytes of a range that is taken were discarded since.
    func isDiscarded(_ range: Range<Int64>) -> Bool {
        !discarded.isEmpty && !discarded.isDisjoint(RangeSet(range))
    }
}
