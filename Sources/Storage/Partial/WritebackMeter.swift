/// Decides when to ask for writeback, so that the dirty pages of a large file do not pile up until the final fsync.
struct WritebackMeter: Sendable {
    /// How many bytes are written between two requests.
    static let requestBytes: Int64 = 8 << 20

    /// The range that encloses everything written since the last request, and how many bytes that was.
    private var pending: (range: Range<Int64>, bytes: Int64)?

    /// Counts written bytes.
    ///
    /// - Returns: the range to request, once enough was written. It may contain other bytes, which does no harm.
    mutating func wrote(_ range: Range<Int64>) -> Range<Int64>? {
        var (all, bytes) = pending ?? (range, 0)
        all = min(all.lowerBound, range.lowerBound)..<max(all.upperBound, range.upperBound)
        bytes += Int64(range.count)
        pending = bytes < Self.requestBytes ? (all, bytes) : nil
        return pending == nil ? all : nil
    }
}
