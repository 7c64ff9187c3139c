/// What bars and cuts are drawn with.
struct Glyphs: Hashable, Sendable {
    /// Bytes that are here; here and still to be checked; to come.
    let done: Character
    let claimed: Character
    let missing: Character
    /// Stands for what was cut out of a name.
    let cut: String

    static let unicode = Glyphs(done: "━", claimed: "┅", missing: "─", cut: "…")
    static let ascii = Glyphs(done: "#", claimed: "=", missing: ".", cut: "..")

    /// A bar of so many columns for shares of the whole. What is not whole is never drawn full.
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
