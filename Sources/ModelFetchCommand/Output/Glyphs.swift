/// The characters of bars, and of the cut in a shortened name.
struct Glyphs: Hashable, Sendable {
    /// Bytes that are here; that are here but not yet checked; that are missing.
    let done: Character
    let claimed: Character
    let missing: Character
    /// Replaces the part that is cut out of a name.
    let cut: String

    static let unicode = Glyphs(done: "━", claimed: "┅", missing: "─", cut: "…")
    static let ascii = Glyphs(done: "#", claimed: "=", missing: ".", cut: "..")

    /// A bar for two shares of the whole. It is full only if nothing is missing.
    func bar(_ columns: Int, done: Double, claimed: Double) -> String {
        let doneColumns = Self.columns(done, of: columns)
        let claimedColumns = Self.columns(done + claimed, of: columns) - doneColumns
        return String(repeating: self.done, count: doneColumns)
            + String(repeating: self.claimed, count: claimedColumns)
            + String(repeating: missing, count: columns - doneColumns - claimedColumns)
    }

    private static func columns(_ share: Double, of columns: Int) -> Int {
        guard share < 1 else { return columns }
        return max(0, min(Int(share * Double(columns)), columns - 1))
    }
}
