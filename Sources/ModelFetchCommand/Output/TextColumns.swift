/// Measures and shortens text by its columns on a terminal.
enum TextColumns {
    static func count(_ text: some StringProtocol) -> Int { text.unicodeScalars.reduce(0) { $0 + columns($1) } }

    /// Text in exactly so many columns: padded on the right, or cut in the middle, since names that belong together often differ
    /// only at their ends.
    static func fit(_ text: String, _ columns: Int, cut: String) -> String {
        let count = count(text)
        guard count > columns else { return text + String(repeating: " ", count: columns - count) }
        let room = columns - cut.count
        guard room > 0 else { return String(repeating: " ", count: columns) }
        let head = take(text.unicodeScalars, room / 2)
        let tail = take(text.unicodeScalars.reversed(), room - self.count(head))
        let short = head + cut + String(String.UnicodeScalarView(tail.unicodeScalars.reversed()))
        return short + String(repeating: " ", count: max(columns - self.count(short), 0))
    }

    /// Text in at most so many columns, cut at its end.
    static func cut(_ text: String, to columns: Int, cut: String) -> String {
        guard count(text) > columns else { return text }
        guard columns > cut.count else { return take(text.unicodeScalars, max(columns, 0)) }
        return take(text.unicodeScalars, columns - cut.count) + cut
    }

    private static func take(_ scalars: some Sequence<Unicode.Scalar>, _ limit: Int) -> String {
        var taken = String.UnicodeScalarView()
        var count = 0
        for scalar in scalars {
            count += columns(scalar)
            guard count <= limit else { break }
            taken.append(scalar)
        }
        return String(taken)
    }

    /// 0 for combining marks, 2 for wide East Asian characters and emoji (Unicode Standard Annex 11), 1 for the rest.
    private static func columns(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return wide.contains { $0.contains(scalar.value) } ? 2 : 1
        }
    }

    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x231A...0x231B, 0x2329...0x232A, 0x23E9...0x23EC, 0x2E80...0x303E, 0x3041...0x4DBF,
        0x4E00...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF01...0xFF60,
        0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x1FA70...0x1FAFF, 0x20000...0x3FFFD,
    ]
}
