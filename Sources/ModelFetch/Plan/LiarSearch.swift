internal import Storage

/// The search for the source that delivered wrong bytes, after a file of several sources had the wrong digest. A value.
///
/// One source is accused at a time: its bytes are discarded and fetched from the others. If the digest is right then, it was the one.
/// Otherwise it is cleared, and the next one is accused. If all were accused in vain, more than one is wrong.
struct LiarSearch: Hashable, Sendable {
    /// The source whose bytes were replaced.
    private(set) var accused: SourceID?
    private var cleared: Set<SourceID> = []

    /// The digest is wrong.
    ///
    /// - Parameters:
    ///   - bytes: how many bytes of the file each source delivered.
    ///   - caught: how often each source was caught in this run.
    /// - Returns: the source to accuse; `nil` if nothing tells the sources apart any more, and the search begins anew.
    mutating func accuse(_ bytes: [SourceID: Int64], caught: [SourceID: Int]) -> SourceID? {
        if let accused { cleared.insert(accused) }
        let suspects = bytes.filter { $0.value > 0 && !cleared.contains($0.key) }
        // If all bytes are one source's from the beginning, there is nobody to replace them. If they have become so because the others'
        // were replaced, it is that source.
        guard !suspects.isEmpty, bytes.count > 1 || !cleared.isEmpty else {
            self = LiarSearch()
            return nil
        }
        // Whoever was caught before; then whoever delivered the least, because that costs the least.
        accused =
            suspects.min { left, right in
                (-(caught[left.key] ?? 0), left.value, left.key.digest.hex)
                    < (-(caught[right.key] ?? 0), right.value, right.key.digest.hex)
            }?.key
        return accused
    }
}
