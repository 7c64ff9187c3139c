/// Control sequences that redraw the last lines of a terminal (ECMA-48: CUU, ED, EL).
///
/// The cursor rests at the start of the line below the block, where an echoed `^C` does no harm.
enum LiveBlock {
    private static let eraseToEnd = "\u{1B}[J"
    private static let eraseLine = "\u{1B}[K"

    /// Erases a block and leaves the cursor where its first line began.
    static func erasure(of block: [String], columns: Int) -> String {
        block.isEmpty ? "" : home(of: block, columns) + eraseToEnd
    }

    /// Overwrites a block line by line, without erasing it first, so that it does not flicker.
    static func change(from block: [String], to lines: [String], columns: Int) -> String {
        let text = home(of: block, columns) + lines.map { $0 + eraseLine + "\n" }.joined()
        return block.isEmpty ? text : text + eraseToEnd
    }

    private static func home(of block: [String], _ columns: Int) -> String {
        guard !block.isEmpty else { return "" }
        // If the window was made narrower, lines have been wrapped.
        let rows = block.reduce(0) { $0 + max((TextColumns.count($1) + columns - 1) / max(columns, 1), 1) }
        return "\r\u{1B}[\(rows)A"
    }
}
