/// Whether broken connections depend on how many there are.
struct BreakHistory: Sendable {
    enum Advice: Hashable, Sendable {
        case ignore, halve
        case restore(Int)
    }

    /// How long breaks are ignored when they do not depend on the number.
    private static let patience: Duration = .seconds(60)

    /// The number at the last break, while half of them are used.
    private var halvedFrom: Int?
    private var ignoredUntil: Duration = .zero

    /// A connection broke that was opened after the last halving.
    ///
    /// - Parameter pays: whether so many deliver clearly more than half as many did, in spite of the breaks.
    mutating func broke(limit: Int, pays: Bool, at now: Duration) -> Advice {
        guard now >= ignoredUntil else { return .ignore }
        if let number = halvedFrom, limit <= max(1, number / 2) {
            // Half as many break, too: their number is not the cause.
            halvedFrom = nil
            ignoredUntil = now + Self.patience
            return number > limit ? .restore(number) : .ignore
        }
        if halvedFrom != nil, pays {
            ignoredUntil = now + Self.patience
            return .ignore
        }
        halvedFrom = limit
        return .halve
    }
}
